"""What the pages show: of an ordinary store, of a hostile one, and of none."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from sim import Actor, Persona, Scene, after, plan, ring
from sim.runs.trials import run_trials
from sim.stage.fixed import FixedLines
from sim.store import open_store
from sim.view.probabilities import probabilities

ORIGIN = "http://127.0.0.1:8642"
HERE = {"origin": ORIGIN}

Client = Callable[..., TestClient]
Played = tuple[Path, list[str]]

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[a](javascript:alert(1)) ![b](https://evil.example/b.png)",
    "\x1b[31mred\x07 \u202eesrever\u2066",
    "</li></ol></main><style>*{display:none}</style>",
    "lone \ud83d half",
    "&lt;b&gt; {{7*7}} <!-- " + "x" * 1_000_000,
)
NAMES = ('<b onclick="x">A', "B</title><script>", "C\u202e")


class _Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = _Elements()
    reader.feed(page)
    return reader.found


def text_of(client: TestClient, place: str) -> str:
    answer = client.get(place)
    assert answer.status_code == 200, (place, answer.text[:400])
    return answer.text


def test_the_list_has_all_trials_and_marks(client: Client, store: Played) -> None:
    page = text_of(client(), "/")
    assert "All 6 trials" in page
    assert page.count('class="row"') == 6
    assert page.count("sign-flip") >= 6
    assert page.count("0.50 [0.10, 0.90]") == 3
    assert "2 of 2" in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("arm=live", 2),
        ("arm=fork%404%20reroll", 3),
        ("status=failed", 0),
        ("mark=flip", 6),
        ("mark=loop", 0),
        ("words=I%20WAS%20%20wrong", 1),
        ("words=no%20such%20words%20at%20all", 0),
        ("model=embedded%3Abase&arm=live", 2),
    ],
)
def test_filters_and_search(client: Client, query: str, count: int) -> None:
    page = text_of(client(), f"/?{query}")
    assert page.count('class="row"') == count


def test_an_id_is_found_by_its_beginning(client: Client, store: Played) -> None:
    page = text_of(client(), f"/?words={store[1][0][:6]}")
    assert f'href="/trial/{store[1][0]}' in page


def test_sorting_turns_around(client: Client) -> None:
    ids = re.findall(r'data-id="(\w+)"', text_of(client(), "/rows?sort=trial"))
    back = re.findall(r'data-id="(\w+)"', text_of(client(), "/rows?sort=trial&down=1"))
    assert ids == sorted(ids)
    assert back == ids[::-1]


def test_rows_go_on_where_they_are_asked_for(client: Client) -> None:
    every = re.findall(r'data-id="(\w+)"', text_of(client(), "/rows"))
    assert re.findall(r'data-id="(\w+)"', text_of(client(), "/rows?since=4")) == every[4:]
    assert client().get("/rows?since=-1").status_code == 400


def test_a_trial_has_its_lines_marks_probes_and_timeline(client: Client, store: Played) -> None:
    page = text_of(client(), f"/trial/{store[1][0]}")
    assert [f'id="t-{turn}"' in page for turn in (1, 9, 10)] == [True, True, False]
    assert "Ben turns into the opposite" in page
    assert "stance:share" in page
    strokes = [found for tag, found in elements(page) if tag == "rect" and "data-turn" in found]
    assert len(strokes) == 9
    graph = next(found for tag, found in elements(page) if found.get("id") == "graph")
    assert json.loads(graph["data-course"] or "")[0] == [0, [1, 2]]


def test_a_turn_with_branches_shows_who_else_appears(client: Client, store: Played) -> None:
    page = text_of(client(), f"/trial/{store[1][0]}")
    assert page.count('class="others"') == 1
    assert "3 alternatives" in page  # The line that was put there is none.
    assert text_of(client(), f"/trial/{store[1][0]}/turn/4").count("beside what was") >= 1


def test_alternatives_are_as_wide_as_they_are_probable(client: Client, store: Played) -> None:
    here = f"/trial/{store[1][0]}/turn/4"
    page = text_of(client(), here)
    assert (
        "self 33%" in page or "self 67%" in page or "self 100%" in page or "opposite 100%" in page
    )
    page = text_of(client(), f"{here}?by=probability")
    rows = re.findall(r"<li>(.*?)</li>", page.partition('class="alternatives"')[2], re.S)
    known: dict[str, float] = {}
    for row in rows:
        [who] = re.findall(r'class="muted">(self|opposite)<', row)
        known[who] = known.get(who, 0) + float(re.findall(r"probability ([\d.e-]+)", row)[0])
    told = dict(
        re.findall(r"(self|opposite) ([\d.]+)%", re.findall(r'aria-label="([^"]*%)"', page)[0])
    )
    for who, probability in known.items():
        assert abs(100 * probability / sum(known.values()) - float(told[who])) < 1
    covered = float(re.findall(r"have ([\d.]+)% of the probability", page)[0])
    assert abs(covered - 100 * sum(known.values())) < 0.1


def test_the_trial_and_the_tree_have_bars_of_both_kinds(client: Client, store: Played) -> None:
    here = f"/trial/{store[1][0]}"
    whole = []
    for query in ("", "?by=probability"):
        told = re.findall(r'aria-label="([^"]*%)"', text_of(client(), f"{here}/turn/4{query}"))
        whole.append(told[0])
    assert whole[0] != whole[1]
    for place in (here, f"{here}/tree"):
        page = text_of(client(), place)
        drawn = re.findall(r'class="bars">(.*?)</small></span></span>', page, re.S)
        assert [re.findall(r'aria-label="([^"]*)"', each) for each in drawn] == [whole]
        assert page.index("by frequency") < page.index("by probability")


def test_stages_that_cost_or_cannot_score_are_said_to_have_no_probabilities(
    client: Client, hostile: Played
) -> None:
    trial = hostile[1][0]
    with open_store(hostile[0]) as opened:
        stored = opened.trial(trial)
        turns = stored.transcript.turns
        told = probabilities(stored, turns, 2, [turns[1].text])
        assert not told.of
        assert told.why_not
        paid = replace(stored, model="openai:gpt-5-mini", stage="openai:gpt-5-mini")
        told = probabilities(paid, turns, 2, [turns[1].text])
        assert told.why_not == "the stage is not free to be asked"


def test_the_prompt_says_what_is_new(client: Client, store: Played) -> None:
    page = text_of(client(), f"/trial/{store[1][0]}/prompt/7")
    lines = re.findall(r'class="said"[^>]*>([^<]+)', text_of(client(), f"/trial/{store[1][0]}"))
    new = " ".join(re.findall(r"<ins>(.*?)</ins>", page, re.S))
    known = " ".join(re.findall(r'<span class="known">(.*?)</span>', page, re.S))
    assert lines[5] in new
    assert lines[5] not in known
    assert lines[1] in known
    assert "This is not the prompt" not in page
    assert client().get(f"/trial/{store[1][0]}/prompt/99").status_code == 400


def test_a_branch_beside_its_parent(client: Client, store: Played) -> None:
    parent, branch = store[1][0], store[1][-1]
    page = text_of(client(), f"/compare?a={parent}&b={branch}")
    assert "They share 3 turns and part at turn 4." in page
    assert page.count('class="pair shared"') == 3
    assert page.count('class="pair first"') == 1
    assert "I was wrong" in page
    alike = text_of(client(), f"/compare?a={parent}&b={parent}")
    assert "They are alike, all 9 turns." in alike


def test_the_tree_has_all_branches_and_goes_out_whole(client: Client, store: Played) -> None:
    page = text_of(client(), f"/trial/{store[1][0]}/tree")
    for branch in store[1][2:]:
        assert f'href="/trial/{branch}#t-4"' in page
    tree = json.loads(text_of(client(), f"/trial/{store[1][3]}/tree.json"))
    assert {each["id"] for each in tree["trials"]} == {store[1][0], *store[1][2:]}
    put = next(each for each in tree["trials"] if each["id"] == store[1][-1])
    assert put["lines"][0]["text"] == "I was wrong about the well."


def test_labels_and_notes_are_kept_and_go_out(
    client: Client, store: Played, tmp_path: Path
) -> None:
    path = tmp_path / "tea.db"
    path.write_bytes(store[0].read_bytes())
    viewer = client(path)
    place = f"/trial/{store[1][0]}/notes"
    note = {"turn": "3", "kind": "note", "text": "=she <b>gives</b> in"}
    assert viewer.post(place, data=note, headers=HERE).status_code == 303
    label = {"turn": "3", "kind": "label", "text": "flip"}
    viewer.post(place, data=label, headers=HERE)
    page = text_of(viewer, f"/trial/{store[1][0]}")
    assert "kim: =she &lt;b&gt;gives&lt;/b&gt; in" in page
    assert ">flip</span>" in page
    rows = text_of(viewer, "/notes.csv").splitlines()
    assert rows[0] == "trial,turn,kind,text,by,at"
    assert rows[1].split(",")[3] == "'=she <b>gives</b> in"
    viewer.post(place, data=label, headers=HERE)
    viewer.post(place, data=note | {"text": " "}, headers=HERE)
    assert text_of(viewer, "/notes.csv").splitlines() == rows[:1]
    for wrong in (
        {"turn": "99"},
        {"kind": "spell"},
        {"kind": "label", "text": "<i>"},
        {"turn": "x"},
    ):
        answer = viewer.post(place, data=note | wrong, headers=HERE)
        assert answer.status_code == 400


def test_a_torn_line_of_notes_costs_that_line_alone(
    client: Client, store: Played, tmp_path: Path
) -> None:
    path = tmp_path / "tea.db"
    path.write_bytes(store[0].read_bytes())
    (tmp_path / "tea.db.notes.jsonl").write_bytes(b'[1]\n{"trial": "abc", "tu')
    viewer = client(path)
    note = {"turn": "3", "kind": "note", "text": "kept"}
    viewer.post(f"/trial/{store[1][0]}/notes", data=note, headers=HERE)
    assert "kept" in text_of(viewer, "/notes")


def test_bad_requests_are_told_on_a_page(client: Client, store: Played) -> None:
    for place in ("/trial/zzzz", "/compare", "/compare?a=zz&b=zz", f"/trial/{store[1][0]}/turn/0"):
        answer = client().get(place)
        assert answer.status_code == 400
        assert "This cannot be shown" in answer.text
    assert client().get("/nowhere").status_code == 404


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Played:
    path = tmp_path_factory.mktemp("hostile") / "bad.db"
    stage = FixedLines(HOSTILE)

    def bad() -> Scene:
        cast = [Actor(Persona(name=name, brief="<i>brief</i>")) for name in NAMES]
        return Scene(
            topic="<h1>topic</h1>", cast=cast, graph=ring(*NAMES), ends=after(turns=len(HOSTILE))
        )

    trials = plan(bad, models=[("fixed", stage.identity)])
    asyncio.run(run_trials(trials, {stage.identity: stage}, path))
    return path, [trial.id for trial in trials]


@pytest.mark.parametrize(
    "place",
    ["/", "/?words=alert", "/?words=%3Cscript%3E&model=%22%3E%3Cscript%3E", "/trial/{}",
     "/trial/{}/prompt/4", "/trial/{}/turn/2", "/trial/{}/tree", "/compare?a={}&b={}",
     "/trial/{}/fork?at=%22%3E%3Cscript%3E", "/trial/%3Cscript%3Ealert(1)%3C%2Fscript%3E"],
)  # fmt: skip
def test_hostile_transcripts_are_inert(client: Client, hostile: Played, place: str) -> None:
    path, ids = hostile
    answer = client(path).get(place.replace("{}", ids[0]))
    assert answer.status_code in (200, 400, 404)
    page = answer.text
    assert "\x1b" not in page
    assert "\u202e" not in page
    for tag, found in elements(page):
        assert tag not in ("img", "style", "iframe", "object", "embed", "base")
        assert not any(name.startswith("on") or name == "style" for name in found)
        if tag == "script":
            assert found == {"type": "module", "src": "/static/view.js"}
        for name in ("href", "src", "action"):
            target = found.get(name)
            assert target is None or re.fullmatch(r"#\S*|/(?!/)\S*", target)
