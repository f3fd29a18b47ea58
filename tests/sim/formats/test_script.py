"""Scripts: what is a label, whose words are whose, and what comes back of what was written."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import pytest
from backstage.chats import said, saved, told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import BadRequest
from sim.formats.conversation import About, Conversation, Utterance
from sim.formats.format import FormatError, ReadOptions
from sim.formats.script import SCRIPT


def turns(folder: Path, text: str) -> list[tuple[str, str]]:
    path = folder / "script.txt"
    path.write_text(text, encoding="utf-8")
    return [(turn.speaker, turn.text) for turn in said(SCRIPT, path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann: Hi.\nBen: No.", [("Ann", "Hi."), ("Ben", "No.")]),
        ("Ann: Hi.\n  Well\n\n  so\nBen: No.", [("Ann", "Hi.\n  Well\n\n  so"), ("Ben", "No.")]),
        ("**Ann:** Hi.\n**Ben**: No.", [("Ann", "Hi."), ("Ben", "No.")]),
        ("**Ann (low):** Hi.\n**Ben** (up): No.", [("Ann", "(low) Hi."), ("Ben", "(up) No.")]),
        ("ANN — Hi — you.\nBEN – No.\nANN - So.",
         [("ANN", "Hi — you."), ("BEN", "No."), ("ANN", "So.")]),
        ("[Ann] Hi.\n[Ben] No [1].", [("Ann", "Hi."), ("Ben", "No [1].")]),
        ("<ann> hi: x\n<ben> no", [("ann", "hi: x"), ("ben", "no")]),
        ("ann: hi\nben: no\nsee http://x.org: x",
         [("ann", "hi"), ("ben", "no\nsee http://x.org: x")]),
        ("ミカ「はい」\nケン「いいえ」", [("ミカ", "「はい」"), ("ケン", "「いいえ」")]),
        ("### Ann\n\nOne.\n\nNote: two.\n\n### Ben\nNo.",
         [("Ann", "One.\n\nNote: two."), ("Ben", "No.")]),
        ("  ANN\nHi.\n\n  BEN\n(low)\nNo.\n\n  ANN\nSo.",
         [("ANN", "Hi."), ("BEN", "(low)\nNo."), ("ANN", "So.")]),
        ("**Ann**\n\nHi.\n\n**Ben**\n\nNo.\n\n**Ann**\n\nSo.",
         [("Ann", "Hi."), ("Ben", "No."), ("Ann", "So.")]),
        ("Q: Why?\nA: So.", [("Q", "Why?"), ("A", "So.")]),
        ("Dr. Ödön Łuk: Hi.\nthe Ghost: So.\nO'Neil: He said: no.",
         [("Dr. Ödön Łuk", "Hi."), ("the Ghost", "So."), ("O'Neil", "He said: no.")]),
    ],
)  # fmt: skip
def test_labels_in_many_dresses(text: str, expected: list[tuple[str, str]], tmp_path: Path) -> None:
    assert turns(tmp_path, text) == expected


def test_the_markdown_of_a_reply_is_its_text(tmp_path: Path) -> None:
    reply = (
        "Sure:\n\n## Steps\n\n**Summary:** it is so.\n\n```yaml\nName: x\n    Ann: y\n```\n\n"
        "Note: or not.\n\n- Ben: a point\n\nWarning: at 10:30"
    )
    text = f"User: How?\n\nAssistant: {reply}\n\nUser: Thanks.\n\nAssistant: OK."
    assert turns(tmp_path, text)[1] == ("Assistant", reply)
    assert len(turns(tmp_path, text)) == 4


def test_a_fence_that_nobody_closes_swallows_nobody(tmp_path: Path) -> None:
    assert turns(tmp_path, "Ann: Hi.\n```\nBen: No.") == [("Ann", "Hi.\n```"), ("Ben", "No.")]


def test_times_titles_settings_and_directions(tmp_path: Path) -> None:
    path = tmp_path / "play.md"
    path.write_text(
        "The Ship\n\nSetting: a harbour\n[Night.]\n\n[9:32] Ann: Hi.\n\n[Ben comes.]\n\n"
        "[2024-01-01 10:33:01] Ben: No.\n(He sits.)\n---\n", encoding="utf-8",
    )  # fmt: skip
    assert told(SCRIPT, path) == [About(title="The Ship", setting="a harbour\nNight.")]
    assert said(SCRIPT, path) == [
        Utterance("Ann", "Hi.", at="09:32", line=6),
        Utterance("Ben", "No.\n(He sits.)", at="2024-01-01T10:33:01", line=10),
    ]


def test_headings_before_labels_begin_conversations(tmp_path: Path) -> None:
    path = tmp_path / "plays.md"
    path.write_text("# A\n\nAnn: x\n\n## Scene 2\n\nBen: y\n\n# A\n\nBen: z\n\n# Empty\n")
    assert [(turn.conversation, turn.text) for turn in said(SCRIPT, path)] == [
        ("A", "x"), ("A", "y"), ("A (2)", "z"),
    ]  # fmt: skip
    assert told(SCRIPT, path) == [
        About("A", title="A"), About("A (2)", title="A"), About("Empty", title="Empty"),
    ]  # fmt: skip


def test_a_title_beside_paragraphs_under_headings(tmp_path: Path) -> None:
    path = saved(tmp_path, "script, headings")
    assert told(SCRIPT, path) == [About("Ships", title="Ships")]
    assert [turn.text for turn in said(SCRIPT, path)] == ["One.\n\nTwo.", "No.", "Oh."]


def test_prose_is_no_script(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no line begins with a name"):
        turns(tmp_path, "It was late. He said: no.\n\nThen she left.\n")


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40) | st.lists(
    st.sampled_from(["", "Ann: x", "# T", "[x]", "---", "```", "    z", " y", "**Ben:** q", "ANN"]),
    max_size=6,
).map("\n".join)
NAMES = TEXTS | st.sampled_from(
    ["Ann", "Ben", "Note", "title", "ann", "Dr. Ödön Łuk", "the Ghost", "a: b", "10:32 Ann", "[x]",
     "Ann (2)", "何", "# Ann", "ANN", "---", "```x", "\\a\\:"]
)  # fmt: skip
CONVERSATIONS = st.builds(
    lambda title, setting, turns: Conversation(
        About("", title=title, setting=setting), [Utterance(*turn) for turn in turns]
    ),
    TEXTS,
    TEXTS,
    st.lists(st.tuples(NAMES.filter(str.strip), TEXTS.filter(str.strip)), min_size=1, max_size=5),
)


def _line(text: str) -> str:
    return " ".join(text.split())


def _kept(text: str) -> str:
    lines = re.sub("\r\n?", "\n", text).strip().split("\n")
    return "\n".join(line if line.strip() else "" for line in lines)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CONVERSATIONS, min_size=1, max_size=3))
def test_what_is_written_comes_back(tmp_path: Path, conversations: list[Conversation]) -> None:
    path = tmp_path / "written.md"
    SCRIPT.write(conversations, path)
    records = list(SCRIPT.read(path, ReadOptions()))
    assert [(each.speaker, each.text) for each in records if isinstance(each, Utterance)] == [
        (_line(each.speaker), _kept(each.text)) for of in conversations for each in of.utterances
    ]
    facts = [(each.title, each.setting) for each in records if isinstance(each, About)]
    expected = [
        (_line(of.about.title) or (f"Conversation {number}" if number > 1 else ""),
         _line(re.sub(r"[\[\]]", "", of.about.setting)))
        for number, of in enumerate(conversations, start=1)
    ]  # fmt: skip
    assert facts == [each for each in expected if any(each)]


def test_what_is_written_reads_well(tmp_path: Path) -> None:
    path = tmp_path / "written.md"
    turns = [Utterance("Ann", "Hello.\n\nBen: no?"), Utterance("he: who", " "),
             Utterance("he: who", "So.")]  # fmt: skip
    SCRIPT.write([Conversation(About("c", title="Ships", setting="a harbour"), turns)], path)
    assert path.read_text() == (
        "# Ships\n\n[a harbour]\n\nAnn: Hello.\n\n    Ben: no?\n\n\\he\\: who: So.\n"
    )
    with pytest.raises(BadRequest, match="name the speaker"):
        SCRIPT.write([Conversation(About(), [Utterance(" ", "x")])], tmp_path / "other.md")


def test_a_long_script_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    with path.open("w") as file:
        file.writelines(f"{'AB'[turn % 2]}nn: {turn} {'word ' * 200}\n\n" for turn in range(5_000))
    assert path.stat().st_size > 5_000_000
    tracemalloc.start()
    try:
        assert (
            sum(isinstance(each, Utterance) for each in SCRIPT.read(path, ReadOptions())) == 5_000
        )
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
