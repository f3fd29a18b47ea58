"""The report: one file, nothing hostile in it alive, its numbers those of the measures."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest

import analysis
from analysis.reports.answer import Answer, distance_gone
from analysis.reports.catalogue import FIGURES, figure
from analysis.reports.document import report
from analysis.reports.material import Material
from analysis.stats import Interval
from sim import Actor, Persona, Scene, Tournament, after, ask_stance, ring, run
from sim.cli.completion import FIGURES as COMPLETED
from sim.errors import BadRequest
from sim.html import Figure, Table
from sim.stage.fixed import FixedLines
from sim.tournament import Entrant, Judge, Motion

HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> ![a](http://evil.example/a.png)",
    "\x1b[31m red \x07 and a\u202egnp.exe [x](javascript:alert(1)) \"' onmouseover=alert(1)",
    "word " * 5_000,
)


def scene(topic: str = "The town should sell its spring.", turns: int = 6) -> Scene:
    cast = [
        Actor(Persona(name="Ada", brief="Kind and patient.", opposite="Cruel and mocking.",
                      stances={"sell": -0.8})),
        Actor(Persona(name="Ben", brief="A mayor.", opposite="A liar.", stances={"sell": 0.8})),
    ]  # fmt: skip
    return Scene(
        topic=topic, cast=cast, graph=ring("Ada", "Ben"), ends=after(turns=turns),
        probes=(ask_stance("sell", every=2),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight trials on each of two embedded models."""
    path = tmp_path_factory.mktemp("report") / "two.db"
    run(scene(), ["embedded:base", "embedded:rlhf"], trials=8, store=path)
    return path


@pytest.fixture(scope="module")
def page(store: Path) -> str:
    return report(store)


def test_a_page_needs_nothing_but_itself(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!#|data:text/csv;base64,)', page)
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)", page)
    assert "url(" not in page
    assert len(page) < 2_000_000


def test_every_link_leads_somewhere(page: str) -> None:
    places = set(re.findall(r' id="([^"]+)"', page))
    links = set(re.findall(r' href="#([^"]+)"', page))
    assert len(links) > 20
    assert links <= places


def test_ids_are_of_one_place_each(page: str) -> None:
    places = re.findall(r' id="([^"]+)"', page)
    assert sorted(places) == sorted(set(places))


def test_every_figure_says_what_it_is_and_has_its_numbers(page: str) -> None:
    figures = re.findall(r'<figure id="([^"]+)">(.*?)</figure>', page, re.S)
    assert {"stance", "distance", "c", "flips", "graph", "conflict", "effects"} <= {
        name for name, _ in figures
    }
    for name, body in figures:
        assert f'download="{name}.csv"' in body, name
        assert body.count("<svg") == 2, name
        assert "aria-label=" in body, name
        assert re.search(r"95%|without an interval|no interval", body), name


def test_the_same_store_gives_the_same_page(store: Path, page: str) -> None:
    assert report(store) == page


def test_the_answer_is_that_of_the_measures(store: Path) -> None:
    answer = Answer(Material(store))
    found = analysis.compare(analysis.load(store), measures=["convergence.c"]).differences[0]
    assert answer.comparison is not None
    assert answer.comparison.differences[0].difference == found.difference
    first = answer.claims[0]
    assert first.lead
    assert f"{100 * found.value_a:.0f}%" in first.sentence
    assert first.spots
    by_arm = {each.arm: each.estimate for each in analysis.convergence(store).estimates
              if each.quantity == "c"}  # fmt: skip
    for arm in Material(store).arms:
        mine, theirs = distance_gone(Material(store), arm.trials), by_arm[arm.key]
        assert (mine.value, mine.low, mine.high, mine.n) == (
            theirs.value, theirs.low, theirs.high, theirs.n,
        )  # fmt: skip


def test_a_table_holds_what_is_drawn(store: Path) -> None:
    made = figure(Answer(Material(store)), "c")
    href = re.search(r'href="data:text/csv;base64,([^"]+)"', made.html())
    assert href is not None
    text = base64.b64decode(href[1]).decode("utf-8-sig")
    rows = [line.split(",") for line in text.splitlines()]
    assert rows[0] == ["what", "arm", "C", "low", "high", "trials"]
    assert {row[-1] for row in rows[1:]} == {"8"}
    known = {each.arm[3]: each.estimate.value for each in analysis.convergence(store).estimates
             if each.quantity == "c"}  # fmt: skip
    live = {row[1]: float(row[2]) for row in rows if row[0] == "live"}
    assert live == pytest.approx(known, rel=1e-5)


def test_a_part_is_whole_seeds_and_is_said(store: Path) -> None:
    material = Material(store, most=40)
    assert material.sampled
    read = material.read.trials
    assert read.groupby("seed")["model"].nunique().eq(2).all()
    assert len(read.merge(material.played.trials, on="trial")) == len(read)
    assert any("Words were read in" in each for each in Answer(material).warnings)
    assert f"{len(read)} of 16 trials" in report(store, most=40)
    # What is cheap is read in all.
    assert Answer(material).comparison.differences[0].n_a == 8  # type: ignore[union-attr]


def test_nothing_hostile_is_alive(tmp_path: Path) -> None:
    path = tmp_path / "hostile.db"
    run(scene("<script>alert('topic')</script>"), FixedLines(HOSTILE), trials=2, store=path)
    page = report(path)
    assert "<script" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "letters are left out here" in page
    assert not re.search(r"<[^>]*\son\w+=", page)
    assert page.count("word ") < 70_000
    page.encode()


def test_a_store_without_an_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    run(scene(), "embedded:base", trials=1, store=path)
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE trials SET status = 'planned'")
    with pytest.raises(BadRequest, match="no trial came to its end"):
        report(path)


def test_one_trial_alone_makes_a_page(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    run(scene(turns=1), "embedded:base", trials=1, store=path)
    page = report(path)
    assert "No interval can be had of 1 trial; convergence.c" in page
    assert "0 of 1 turned" in page  # Ben had no turn, so he is no speaker.
    assert "Few trials" in page
    assert 'id="effects"' not in page


def test_a_parameter_stands_with_its_name_and_its_own_trials(tmp_path: Path) -> None:
    path = tmp_path / "rounds.db"
    for rounds in (3, 20):
        run("water_sale", "embedded:base", trials=2, store=path, parameters={"rounds": rounds})
    answer = Answer(Material(path))
    assert "rounds=20 and rounds=3 differ" in answer.claims[0].sentence
    turns = {spot.why: answer.material.stored[spot.trial].parameters for spot in
             answer.claims[0].spots}  # fmt: skip
    assert turns["typical of rounds=3"]["rounds"] == 3
    assert turns["typical of rounds=20"]["rounds"] == 20
    assert "rounds=20 less rounds=3" in answer.effects[0].svg()
    assert [arm.label for arm in answer.material.arms] == ["rounds=3", "rounds=20"]
    assert any("(words a trial: rounds=3: " in warning for warning in answer.warnings)


def test_a_tournament_has_its_meetings_and_every_sentence_leads_somewhere(tmp_path: Path) -> None:
    cup = Tournament(
        name="Cup",
        entrants=[Entrant(name="Calm"), Entrant(name="Brief", prompt="Say little.")],
        motions=[Motion(topic="The town should sell its spring.")],
        judges=[Judge(name=name, stage="embedded:base") for name in ("one", "two")],
    )
    cup.run(tmp_path / "cup.db")
    answer = Answer(Material(tmp_path / "cup.db"))
    (rated,) = answer.material.contests
    assert all(claim.spots for claim in answer.claims)
    made = figure(answer, "meetings")
    assert len(made.table.rows) == len(rated.legs)
    scores = rated.legs["score"].where(rated.legs["first"] == "Calm", 1 - rated.legs["score"])
    assert f"{scores.mean():.2f}" in made.svg()


def test_coming_together_stands_beside_what_comes_of_chance(store: Path) -> None:
    answer = Answer(Material(store))
    told = {each.sentence: each.numbers for each in answer._closer()}
    assert all("; beyond partners of other trials, paired by chance, C is " in each
               for each in told.values())  # fmt: skip
    for sentence, numbers in told.items():
        low = float(numbers.rpartition("[")[2].partition(",")[0].replace("\u2212", "-"))
        assert ("not shown to be the work" in sentence) == ("closer together" in sentence
                                                            and low <= 0)  # fmt: skip


def test_a_difference_that_was_shown_is_said(store: Path) -> None:
    answer = Answer(Material(store))
    comparison = answer.comparison
    assert comparison is not None
    found = next(each for each in comparison.differences if each.quantity == "conflict.distance")
    shown = replace(found, difference=Interval(-0.3, -0.5, -0.1), adjusted=0.01)
    answer.__dict__["comparison"] = replace(comparison, differences=(shown,))
    (claim,) = answer._compared()
    assert claim.sentence.startswith(f"Distance of stances: less on {found.a} than on {found.b}, ")


def test_sentences_on_what_was_not_shown_lead_to_turns(store: Path) -> None:
    claims = Answer(Material(store)).claims
    assert all(claim.spots for claim in claims if claim.sentence.startswith("No difference"))


def test_completion_knows_the_figures() -> None:
    assert tuple(FIGURES) == COMPLETED


def test_a_figure_that_is_not_there_says_why(store: Path) -> None:
    with pytest.raises(BadRequest, match="no tournament"):
        figure(Answer(Material(store)), "standings")
    lonely = Material(store)
    lonely.__dict__["read"] = lonely.read.only(lonely.read.trials["trial"].head(0))
    with pytest.raises(BadRequest, match="nobody in it answers anybody"):
        figure(Answer(lonely), "graph")
    with pytest.raises(BadRequest, match="did you mean stance"):
        figure(Answer(Material(store)), "stnce")


def test_numbers_alone_are_not_drawn(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = Figure("flips", "Flips", "", [], Table(["x"], []), notes=["Nobody is seen to flip."])
    monkeypatch.setitem(FIGURES, "flips", lambda _: iter([bare]))  # type: ignore[arg-type]
    answer = Answer(Material(store))
    assert figure(answer, "flips") is bare
    with pytest.raises(BadRequest, match=r"nothing to draw for flips: Nobody is seen to flip\."):
        figure(answer, "flips", drawn=True)


def test_the_page_about_reports_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[3] / "docs" / "reports.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, object] = {}
    exec(compile(block, "reports.md", "exec"), names)  # noqa: S102 - our own page
    assert isinstance(names["answer"], Answer)
