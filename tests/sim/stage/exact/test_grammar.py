"""The grammar: can it be listened to, inverted, and is its law the one it states?"""

from __future__ import annotations

import re
import string
from collections import Counter
from math import fsum, sqrt

import pytest
from backstage.effort import effort
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.seeds import Stream
from sim.stage.exact.acts import ACTS, LEVELS, STANCED
from sim.stage.exact.frames import FRAMES
from sim.stage.exact.grammar import ALL_FRAMES, PHRASES, Grammar, Half, Slots, Used, parse, turned
from sim.stage.exact.stances import STANCES

WORDED = [act for act in ACTS if act != "repeat"]
HALVES: list[Half] = ["all", "build", "held"]
POINTS = (
    "the water table",
    "my grandmother's well",
    "jobs at the mill",
    "thirty years of readings",
    "speed",
)
ADA = Slots("Ada", "The Mayor", POINTS, "the price of bread", "Should the town sell the spring?")
GRAMMARS = {half: Grammar(half) for half in HALVES}


def level_for(act: str, level: int) -> int | None:
    return level if act in STANCED else None


def said(*lines: str) -> Used:
    used = Used()
    for line in lines:
        used.add(line, parse(line))
    return used


def mix(stream: Stream) -> str:
    weights = {"assert": 20, "rebut": 18, "concede": 8, "agree": 11, "question": 13, "hedge": 7}
    weights |= {"platitude": 6, "insult": 4, "reveal": 2, "disclaim": 4, "narrate": 7}
    return list(weights)[stream.choose([float(w) for w in weights.values()])]


# --- The frames as prose --------------------------------------------------------------------------


def test_every_worded_act_has_frames_in_order() -> None:
    assert list(FRAMES) == WORDED


@pytest.mark.parametrize("act", WORDED)
def test_there_are_enough_frames_of_every_kind(act: str) -> None:
    frames = FRAMES[act]
    assert len(frames) >= 24
    assert len([f for f in frames if "{heard}" not in f]) >= 8
    if act in {"rebut", "concede", "agree", "question", "hedge"}:
        assert 0.4 <= sum("{heard}" in f for f in frames) / len(frames) <= 0.6
    for half in (frames[::2], frames[1::2]):
        # Somebody with nothing to say and nothing heard can still speak.
        assert len([f for f in half if not re.search(r"\{(heard|point|topic)\}", f)]) >= 3


@pytest.mark.parametrize("frame", ALL_FRAMES, ids=lambda f: f"{f.act}-{f.number}")
def test_a_frame_keeps_the_rules(frame: object) -> None:
    one = next(f for f in ALL_FRAMES if f is frame)
    counts = Counter(re.findall(r"\{(\w+)\}", one.text))
    assert counts["stance"] == (one.act in STANCED) == (one.stance_at != "none")
    assert counts["point"] + counts["heard"] <= 1
    assert max(counts.values(), default=0) <= 1
    # Found by its first or last six characters; fillers do not touch.
    assert len(one.literals[0]) >= 6 or len(one.literals[-1]) >= 6
    assert all(one.literals[1:-1])
    assert not one.text.removeprefix("{stance} ").startswith(("{point}", "{heard}"))
    words = one.text.replace("{stance}", "x x x x x x x x").split()
    assert 6 <= len(words) <= 36
    assert not re.search(
        r"\b(he|she|him|her|his|hers|man|woman|sir|madam|lady)\b", one.text.lower()
    )
    assert one.text.isascii()
    assert one.text.removesuffix(" {stance}").endswith((".", "?", "!", ".)", "{stance}"))
    if one.act == "question":
        assert one.text.endswith("?")
    if one.act == "narrate":
        assert one.text.startswith("(")
        assert one.text.endswith(")")
    if one.act == "insult":
        assert "{name}" in one.text


def test_no_two_frames_start_alike() -> None:
    starts = Counter(" ".join(f.text.replace("{stance} ", "").split()[:4]) for f in ALL_FRAMES)
    assert [start for start, n in starts.items() if n > 1] == []


def test_stances_are_many_short_and_not_within_each_other() -> None:
    assert len(STANCES) == LEVELS
    for sentences in STANCES:
        assert len(sentences[::2]) >= 3
        assert len(sentences[1::2]) >= 3
    assert len(set(PHRASES)) == len(PHRASES)
    for one in PHRASES:
        assert 3 <= len(one.split()) <= 16
        assert sum(one in other for other in PHRASES) == 1
        assert not any(one in frame.text for frame in ALL_FRAMES)


# --- Inversion ------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", WORDED)
def test_every_line_inverts_to_one_derivation(act: str) -> None:
    for level in range(LEVELS):
        for line in GRAMMARS["all"].lines(act, level, ADA):
            (only,) = parse.__wrapped__(line)  # the cache would be flooded
            assert (only.act, only.level) == (act, level_for(act, level))
            frame = ALL_FRAMES[only.frame]
            assert frame.render(ADA, only.point, only.phrase) == line
            assert ("name" in frame.slots) == (only.name is not None)
            if "point" in frame.slots:
                assert only.point in POINTS
            elif "heard" in frame.slots:
                assert only.point == ADA.heard


PLAIN = st.text(alphabet=string.ascii_letters + " '-", min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and "  " not in text and not text.startswith("The ")
)
# Text that is out to confuse: fragments of frames and stances, punctuation, slot names, nothing.
FRAGMENTS = sorted({literal for frame in ALL_FRAMES for literal in frame.literals} | set(PHRASES))
NASTY = st.one_of(
    st.text(max_size=8),
    st.lists(st.sampled_from([*FRAGMENTS, "Ada", "{name}", "%s", "My ", "your "]), max_size=3).map(
        "".join
    ),
)


def slots(text: st.SearchStrategy[str]) -> st.SearchStrategy[Slots]:
    return st.builds(
        Slots,
        own=text,
        name=text,
        points=st.lists(text, max_size=4).map(tuple),
        heard=st.none() | text,
        topic=text,
    )


ACT = st.sampled_from(WORDED)
LEVEL = st.integers(0, LEVELS - 1)
SEED = st.integers(0, 2**64 - 1)
RELAXED = settings(
    suppress_health_check=list(HealthCheck), deadline=None, max_examples=effort(60, 150)
)


@given(slots(PLAIN), ACT, LEVEL, SEED)
@RELAXED
def test_what_is_drawn_has_one_derivation(mine: Slots, act: str, level: int, seed: int) -> None:
    line = GRAMMARS["all"].draw(Stream(seed), act, level_for(act, level), mine, Used())
    (only,) = parse(line)
    assert (only.act, only.level) == (act, level_for(act, level))


@given(slots(NASTY), ACT, LEVEL, SEED)
@RELAXED
def test_what_is_drawn_is_always_among_the_derivations(
    mine: Slots, act: str, level: int, seed: int
) -> None:
    line = GRAMMARS["all"].draw(Stream(seed), act, level_for(act, level), mine, Used())
    parses = parse(line)
    assert (act, level_for(act, level)) in {(p.act, p.level) for p in parses}
    assert GRAMMARS["all"].probability(line, act, level, mine, Used()) > 0.0


def _pattern(text: str) -> re.Pattern[str]:
    """A frame as a regular expression."""
    pieces = re.split(r"\{(\w+)\}", text)
    stance = "(?:" + "|".join(map(re.escape, PHRASES)) + ")"
    return re.compile(
        "".join(
            re.escape(piece) if place % 2 == 0 else stance if piece == "stance" else "(?:.*)"
            for place, piece in enumerate(pieces)
        ),
        re.DOTALL,
    )


# Compiled once: there are more than Python's own cache holds.
PATTERNS = {frame.number: _pattern(frame.text) for frame in ALL_FRAMES}


@given(slots(NASTY), ACT, LEVEL, SEED)
@RELAXED
def test_parse_agrees_with_a_regular_expression(
    mine: Slots, act: str, level: int, seed: int
) -> None:
    """Which frames can say a line, by a regular expression for each frame."""
    line = GRAMMARS["all"].draw(Stream(seed), act, level_for(act, level), mine, Used())
    slow = {number for number, pattern in PATTERNS.items() if pattern.fullmatch(line)}
    assert {p.frame for p in parse(line)} == slow


def test_an_ambiguous_line_has_all_its_derivations() -> None:
    # A name that contains what stands between the name and the point.
    between = ", as you hardly need me to tell you. "
    line = f"The same goes for a, b{between}{PHRASES[0]}"
    assert {(p.point, p.name) for p in parse(line)} == {("a", "b")}
    line = f"The same goes for a, b, c{between}{PHRASES[0]}"
    assert {(p.point, p.name) for p in parse(line)} == {("a", "b, c"), ("a, b", "c")}
    # A name that makes a platitude of one's own an act of another frame as well.
    inner = "Hear, hear, and I do not say that often."
    line = f"{PHRASES[0]} {inner} {PHRASES[80]}"
    assert parse(line) == ()


@pytest.mark.parametrize(
    "text", ["", " ", "Hello.", "I am firmly against this.", "(", "a\nb", "You "]
)
def test_foreign_text_has_no_derivation(text: str) -> None:
    assert parse(text) == ()


def test_a_role_is_addressed_without_its_article() -> None:
    mine = Slots("The Mayor", "The Judge", (), None, "it")
    lines = list(GRAMMARS["all"].lines("narrate", None, mine))
    assert "(The Mayor looks at the Judge for a long moment, then at the floor.)" in lines
    lines = list(GRAMMARS["all"].lines("insult", None, mine))
    assert "I have met doorknobs with more principle than you, Judge." in lines


def test_possessives_turn() -> None:
    assert turned("our mill", ()) == "your mill"
    assert turned("our mill", ("our mill",)) == "our mill"
    assert turned("your mill", ("our mill",)) == "our mill"
    assert turned("your mill", ()) == "your mill"
    assert turned("my", ()) == "your"


# --- The law --------------------------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn, text: st.SearchStrategy[str]) -> tuple[Slots, Slots, Used]:
    """A speaker, another, and what either has said, with lines said again."""
    one = draw(slots(text))
    two = draw(st.just(one) | slots(text))
    stream = Stream(draw(SEED))
    used, lines = Used(), [""]
    for _ in range(draw(st.integers(0, 40))):
        if stream.below(2):
            line = lines[stream.below(len(lines))]
        else:
            act = WORDED[stream.below(3)] if stream.below(2) else mix(stream)
            level = stream.below(2) * 4
            line = GRAMMARS["all"].draw(stream, act, level, (one, two)[stream.below(2)], used)
        lines.append(line)
        used.add(line, parse(line))
    return one, two, used


@pytest.mark.parametrize("text", [PLAIN, NASTY], ids=["plain", "nasty"])
@pytest.mark.parametrize("half", HALVES)
def test_probabilities_sum_to_one(text: st.SearchStrategy[str], half: Half) -> None:
    grammar = GRAMMARS[half]

    @given(histories(text), st.sampled_from(WORDED[:3]) | ACT, st.sampled_from([0, 4]) | LEVEL)
    @settings(RELAXED, max_examples=effort(24, 60))
    def check(history: tuple[Slots, Slots, Used], act: str, level: int) -> None:
        mine, _, used = history
        wanted = level_for(act, level)
        total = fsum(
            grammar.probability(line, act, wanted, mine, used)
            for line in grammar.lines(act, wanted, mine)
        )
        assert abs(total - 1.0) < 1e-12

    check()


def assert_frequencies(
    grammar: Grammar, act: str, level: int | None, mine: Slots, used: Used, draws: int
) -> None:
    stream = Stream(11)
    counts = Counter(grammar.draw(stream, act, level, mine, used) for _ in range(draws))
    law = {line: grammar.probability(line, act, level, mine, used) for line in counts}
    assert all(p > 0.0 for p in law.values())
    # Pearson's statistic over the lines expected five times or more, the others as one cell.
    everything = {
        line: grammar.probability(line, act, level, mine, used)
        for line in grammar.lines(act, level, mine)
    }
    cells = [(counts[line], draws * p) for line, p in everything.items() if draws * p >= 5.0]
    rest = fsum(p for p in everything.values() if draws * p < 5.0) * draws
    if rest >= 1.0:
        cells.append((draws - sum(n for n, _ in cells), rest))
    assert len(cells) > 3
    statistic = fsum((n - e) ** 2 / e for n, e in cells)
    free = len(cells) - 1
    # Wilson and Hilferty's normal approximation of chi-square; 4 sigma.
    z = ((statistic / free) ** (1 / 3) - (1 - 2 / (9 * free))) / sqrt(2 / (9 * free))
    assert abs(z) < 4.0


def test_frequencies_follow_the_law_when_nothing_was_said() -> None:
    mine = Slots("Ada", "Ben", ("the well", "speed"), None, "it")
    assert_frequencies(GRAMMARS["build"], "concede", 3, mine, Used(), effort(10_000, 20_000))
    assert_frequencies(GRAMMARS["all"], "narrate", None, mine, Used(), effort(10_000, 20_000))


def test_frequencies_follow_the_law_after_repeats() -> None:
    """All frames of the act used once, so that used lines weigh against used lines."""
    mine = Slots("Ada", "Ben", ("the well", "speed", "speed"), None, "it")
    grammar, used, stream = GRAMMARS["build"], Used(), Stream(5)
    for _ in range(60):
        line = grammar.draw(stream, "assert", 0, mine, used)
        used.add(line, parse(line))
    for line in list(grammar.lines("assert", 0, mine))[::3]:
        used.add(line, parse(line))
    assert_frequencies(grammar, "assert", 0, mine, used, effort(12_000, 30_000))
    assert_frequencies(grammar, "assert", 8, mine, used, effort(12_000, 30_000))


def test_the_discounts_are_those_stated() -> None:
    mine = Slots("Ada", "Ben", ("the well",), None, "it")
    grammar = GRAMMARS["all"]
    line = "The important thing is that everybody has been heard."
    n = len(FRAMES["platitude"])
    assert grammar.probability(line, "platitude", None, mine, Used()) == pytest.approx(1 / n)
    once, twice = said(line), said(line, line)
    assert grammar.probability(line, "platitude", None, mine, once) == pytest.approx(
        0.02 * 0.02 / (n - 1 + 0.02 * 0.02)
    )
    assert grammar.probability(line, "platitude", None, mine, twice) == pytest.approx(
        0.0004 * 0.0004 / (n - 1 + 0.0004 * 0.0004)
    )
    # The frame, the sentence and the line, each once; then two points, of which one was said.
    two = Slots("Ada", "Ben", ("the well", "speed"), None, "")
    line = f"Let me begin with speed, since nobody else seems willing to. {STANCES[0][0]}"
    frames = len([f for f in FRAMES["assert"] if "{topic}" not in f])
    k = len(STANCES[0])
    frame = 0.02 * (2 * k - 1 + 0.02) / (2 * k)  # one of its 2 k lines was said
    assert grammar.probability(line, "assert", 0, two, said(line)) == pytest.approx(
        frame / (frames - 1 + frame) * (0.02 * 0.02) / (2 * (k - 1) + 0.02 * 1.02)
    )


def test_a_line_of_another_speaker_discounts_the_frame_only() -> None:
    ada = Slots("Ada", "Ben", (), None, "it")
    ben = Slots("Ben", "Ada", (), None, "it")
    used = said("You disgust me, Ben, and I have a strong stomach.")
    mine = GRAMMARS["all"].probability(
        "You disgust me, Ben, and I have a strong stomach.", "insult", None, ada, used
    )
    theirs = GRAMMARS["all"].probability(
        "You disgust me, Ada, and I have a strong stomach.", "insult", None, ben, used
    )
    n = len([f for f in FRAMES["insult"] if "{point}" not in f and "{heard}" not in f])
    # The frame is discounted for both; that its one line is no longer fresh counts for Ada alone.
    assert theirs == pytest.approx(0.02 / (n - 1 + 0.02))
    assert mine == pytest.approx(0.0004 / (n - 1 + 0.0004))


def test_the_law_survives_any_number_of_uses() -> None:
    mine = Slots("Ada", "Ben", (), None, "it")
    used = Used()
    lines = list(GRAMMARS["held"].lines("platitude", None, mine))
    for _ in range(300):
        for line in lines:
            used.add(line, parse(line))
    total = fsum(GRAMMARS["held"].probability(x, "platitude", None, mine, used) for x in lines)
    assert abs(total - 1.0) < 1e-12
    assert GRAMMARS["held"].draw(Stream(1), "platitude", None, mine, used) in lines


def test_halves_share_no_line_and_make_up_the_whole() -> None:
    for act in WORDED:
        build, held, every = (set(GRAMMARS[h].lines(act, 2, ADA)) for h in ("build", "held", "all"))
        assert not build & held
        if act in STANCED:
            assert build | held < every  # frames and sentences of different halves mix
        else:
            assert build | held == every


def test_what_cannot_be_said_has_probability_zero() -> None:
    used = Used()
    quiet = Slots("Ada", "Ben", (), None, "")
    for act in WORDED:
        for line in GRAMMARS["all"].lines(act, 4, ADA):
            (only,) = parse.__wrapped__(line)
            if only.point is not None:
                assert GRAMMARS["all"].probability(line, act, 4, quiet, used) == 0.0
                break
    assert GRAMMARS["all"].probability("Hello.", "assert", 4, ADA, used) == 0.0
    insult = "You are a fraud, Ben, and not even a careful one."
    assert GRAMMARS["all"].probability(insult, "insult", None, quiet, used) > 0.0
    assert GRAMMARS["held"].probability(insult, "insult", None, quiet, used) == 0.0
    assert GRAMMARS["all"].probability(insult, "question", None, quiet, used) == 0.0
    assert GRAMMARS["all"].probability(insult, "insult", None, ADA, used) == 0.0


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match="repeat"):
        GRAMMARS["all"].draw(Stream(1), "repeat", None, ADA, Used())
    with pytest.raises(ValueError, match="level"):
        GRAMMARS["all"].draw(Stream(1), "assert", None, ADA, Used())
    with pytest.raises(ValueError, match="half"):
        Grammar("third")  # type: ignore[arg-type]


def test_a_copy_of_used_is_independent() -> None:
    line = "Facts first, feelings later. I am firmly against this."
    used = said(line)
    other = used.copy()
    other.add(line, parse(line))
    other.add("Foreign.", parse("Foreign."))
    assert (used.times(line), other.times(line), other.times("Foreign.")) == (1, 2, 0)
    mine = Slots("Ada", "Ben", (), None, "it")
    p, q = (GRAMMARS["all"].probability(line, "assert", 1, mine, u) for u in (used, other))
    assert p > q


def scene(seed: int, turns: int) -> tuple[list[str], float]:
    """The lines of a scene of three, and the expected number of repeated lines in it."""
    cast = {
        "Ada": ("the water table", "my grandmother's well", "the old maps", "drought", "the wells"),
        "Ben": ("jobs at the mill", "the town's debts", "the bypass", "rents", "the young"),
        "The Mayor": ("the offer", "the price of water", "the law", "my promises", "the roof"),
    }
    stream, used = Stream(seed), Used()
    lines: list[str] = []
    grammar = GRAMMARS["all"]
    heard, before, expected = None, "Ben", 0.0
    levels = {name: stream.below(LEVELS) for name in cast}
    for turn in range(turns):
        own = list(cast)[turn % 3]
        mine = Slots(own, before, cast[own], heard, "the sale of the spring")
        act = mix(stream)
        level = level_for(act, levels[own])
        expected += fsum(
            grammar.probability(line, act, level, mine, used) for line in dict.fromkeys(lines)
        )
        line = grammar.draw(stream, act, level, mine, used)
        parses = parse(line)
        used.add(line, parses)
        lines.append(line)
        heard, before = parses[0].point, own
    return lines, expected


def test_scenes_hardly_ever_repeat_a_line() -> None:
    """100 lines by 3 speakers. At gamma = 0.02 the law itself expects a repeat every so often."""
    repeats, expected = 0, 0.0
    for seed in range(50):
        lines, expecting = scene(seed, 100)
        repeats += len(lines) - len(set(lines))
        expected += expecting
    assert expected / 50 < 0.1  # lines a scene
    assert repeats <= expected + 4.0 * sqrt(expected + 1.0)


def test_short_scenes_repeat_no_frame_within_an_act_until_it_must() -> None:
    repeats = 0
    for seed in range(50):
        lines, _ = scene(seed, 30)
        frames = Counter(parse(line)[0].frame for line in lines)
        repeats += sum(n - 1 for n in frames.values())
    assert repeats <= 5  # of 1500 lines
