"""What every format of a tournament obeys, and what each promises of its own.

A format of ``sim.tournament.formats`` is tested by being in ``CASES``; so is one of a user's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from backstage.effort import effort
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import SceneError
from sim.planning.canonical_form import plain
from sim.seeds import Stream, derive
from sim.tournament.formats import (
    FORMATS,
    Format,
    Knockout,
    Meeting,
    RoundRobin,
    Standing,
    Swiss,
    read_format,
    standings,
)

Pairing = list[tuple[int, ...]]
Result = Callable[[int, tuple[int, ...]], tuple[float, ...] | None]
"""What comes of a meeting in a round."""


@dataclass(frozen=True)
class Hill:
    """A user's own format: whoever is on the hill meets the next challengers."""

    adaptive: bool = True

    def rounds(self, entrants: int, sides: int) -> int:
        return (entrants - 1) // (sides - 1)

    def pair(
        self,
        entrants: int,
        sides: int,
        round: int,  # noqa: A002
        before: Sequence[Meeting],
        seed: int,
    ) -> Pairing:
        if round > self.rounds(entrants, sides):
            return []
        king = 0
        for meeting in sorted(before, key=lambda one: one.round):
            if meeting.round < round and meeting.scores is not None:
                king = meeting.entrants[meeting.scores.index(max(meeting.scores))]
        first = 1 + (round - 1) * (sides - 1)
        return [(king, *range(first, first + sides - 1))]


CASES: dict[str, Format] = {
    "round-robin": RoundRobin(),
    "round-robin, twice": RoundRobin(times=2),
    "round-robin, self-play": RoundRobin(self_play=True),
    "swiss": Swiss(),
    "swiss, longer": Swiss(rounds=12),
    "knockout": Knockout(),
    "knockout, random": Knockout(seeding="random"),
    "knockout, third place": Knockout(third_place=True),
    "a user's": Hill(),
}
ALL = pytest.mark.parametrize("name", CASES)
SEEDS = st.integers(0, 2**64 - 1)


def drawn(seed: int) -> Result:
    """Wins, ties, and now and then no verdict."""

    def result(number: int, entrants: tuple[int, ...]) -> tuple[float, ...] | None:
        stream = Stream(derive(seed, "result", number, *sorted(entrants)))
        if stream.below(6) == 0:
            return None
        return tuple(stream.below(5) / 4 for _ in entrants)

    return result


def stronger(strengths: Mapping[int, float] | None = None) -> Result:
    """The stronger always wins: the lower number, unless strengths are given."""

    def result(number: int, entrants: tuple[int, ...]) -> tuple[float, ...]:
        held = [-one if strengths is None else strengths[one] for one in entrants]
        return tuple(float(each == max(held)) for each in held)

    return result


def rounds_of(
    form: Format, entrants: int, sides: int, seed: int, result: Result
) -> Iterator[tuple[int, Pairing, list[Meeting]]]:
    """Hold a tournament: each round's number, its pairing, and what had come of those before."""
    before: list[Meeting] = []
    for number in range(1, form.rounds(entrants, sides) + 1):
        pairing = form.pair(entrants, sides, number, tuple(before), seed)
        yield number, pairing, list(before)
        for met in pairing:
            scores = None if len(met) == 1 else result(number, met)
            before.append(Meeting(number, met, scores))


def held(form: Format, entrants: int, sides: int, seed: int, result: Result) -> list[Meeting]:
    """All meetings of a tournament."""
    *_, (number, pairing, before) = rounds_of(form, entrants, sides, seed, result)
    last = [Meeting(number, met, result(number, met)) for met in pairing if len(met) > 1]
    byes = [Meeting(number, met, None) for met in pairing if len(met) == 1]
    return [*before, *last, *byes]


@st.composite
def sizes(draw: st.DrawFn, name: str) -> tuple[int, int]:
    """A number of entrants and of sides that the format can do with."""
    sides = 2 if "third" in name else draw(st.sampled_from((2, 2, 3, 4)))
    if "knockout" in name:
        return 1 + (sides - 1) * draw(st.integers(1, 12)), sides
    return draw(st.integers(sides, 13 if sides == 2 else 8)), sides


# -- the contract ----------------------------------------------------------------------------------


def test_every_format_is_here() -> None:
    assert {type(one) for one in CASES.values()} == {*FORMATS.values(), Hill}


@ALL
@settings(max_examples=effort(24, 60))
@given(st.data(), SEEDS)
def test_everybody_plays_once_a_round_in_meetings_of_that_many_sides(
    name: str, data: st.DataObject, seed: int
) -> None:
    form = CASES[name]
    entrants, sides = data.draw(sizes(name))
    for _, pairing, _ in rounds_of(form, entrants, sides, seed, drawn(seed)):
        assert pairing, "no round is empty"
        playing = [one for met in pairing for one in dict.fromkeys(met)]
        assert len(set(playing)) == len(playing)
        assert set(playing) <= set(range(entrants))
        for met in pairing:
            assert len(met) in (1, sides)
            assert len(set(met)) in (1, sides), "each once, or one against itself"
            assert len(set(met)) == len(met) or "self-play" in name


@ALL
@settings(max_examples=effort(16, 40))
@given(st.data(), SEEDS, st.randoms(use_true_random=False))
def test_a_pairing_is_of_its_seed_and_of_what_came_before_in_any_order(
    name: str, data: st.DataObject, seed: int, random: Any
) -> None:
    form = CASES[name]
    entrants, sides = data.draw(sizes(name))
    everything = held(form, entrants, sides, seed, drawn(seed))
    for number, pairing, before in rounds_of(form, entrants, sides, seed, drawn(seed)):
        random.shuffle(before)
        assert form.pair(entrants, sides, number, before, seed) == pairing
        mixed = random.sample(everything, len(everything))
        assert form.pair(entrants, sides, number, mixed, seed) == pairing, "nothing of later"


@ALL
@settings(max_examples=effort(16, 40))
@given(st.data(), SEEDS)
def test_it_ends_after_its_rounds(name: str, data: st.DataObject, seed: int) -> None:
    form = CASES[name]
    entrants, sides = data.draw(sizes(name))
    number = form.rounds(entrants, sides)
    assert number >= 1
    before = held(form, entrants, sides, seed, drawn(seed))
    assert form.pair(entrants, sides, number + 1, before, seed) == []


@ALL
@settings(max_examples=effort(16, 40))
@given(st.data(), SEEDS)
def test_only_an_adaptive_format_reads_what_came_before(
    name: str, data: st.DataObject, seed: int
) -> None:
    form = CASES[name]
    if form.adaptive:
        return
    entrants, sides = data.draw(sizes(name))
    for number, pairing, _ in rounds_of(form, entrants, sides, seed, drawn(seed)):
        assert form.pair(entrants, sides, number, (), seed) == pairing


# -- round robin -----------------------------------------------------------------------------------


@given(st.integers(2, 24), st.integers(1, 3), st.booleans(), SEEDS)
def test_a_round_robin_of_pairs_has_all_of_them_and_no_round_too_many(
    entrants: int, times: int, self_play: bool, seed: int
) -> None:
    form = RoundRobin(times=times, self_play=self_play)
    once = entrants if self_play or entrants % 2 else entrants - 1
    assert form.rounds(entrants, 2) == times * once
    meetings = held(form, entrants, 2, seed, drawn(seed))
    times_met = Counter(tuple(sorted(meeting.entrants)) for meeting in meetings)
    alone = [(one, one) for one in range(entrants)] if self_play else []
    assert times_met == dict.fromkeys([*combinations(range(entrants), 2), *alone], times)


@settings(max_examples=effort(12, 30))
@given(st.integers(3, 4), st.integers(0, 6), st.integers(1, 2), st.booleans(), SEEDS)
def test_a_round_robin_of_more_sides_has_every_group(
    sides: int, more: int, times: int, self_play: bool, seed: int
) -> None:
    entrants = sides + more
    form = RoundRobin(times=times, self_play=self_play)
    meetings = held(form, entrants, sides, seed, drawn(seed))
    times_met = Counter(tuple(sorted(meeting.entrants)) for meeting in meetings)
    alone = [(one,) * sides for one in range(entrants)] if self_play else []
    assert times_met == dict.fromkeys([*combinations(range(entrants), sides), *alone], times)


@pytest.mark.parametrize(("entrants", "sides", "rounds"), [(6, 3, 10), (7, 3, 18), (8, 4, 35)])
def test_groups_are_packed_as_tightly_as_can_be(entrants: int, sides: int, rounds: int) -> None:
    assert RoundRobin().rounds(entrants, sides) == rounds


def test_seeds_order_a_round_robin_anew() -> None:
    orders = {str(RoundRobin().pair(8, 2, 1, (), seed)) for seed in range(20)}
    assert len(orders) > 15
    twice = RoundRobin(times=2)
    assert twice.pair(8, 2, 1, (), 1) != twice.pair(8, 2, 8, (), 1)


# -- Swiss -----------------------------------------------------------------------------------------


def matchings(left: tuple[int, ...]) -> Iterator[Pairing]:
    """Every way to pair some, one of whom stays alone if their number is odd."""
    if not left:
        yield []
        return
    first, *rest = left
    for other in rest:
        some = tuple(one for one in rest if one != other)
        yield from ([(first, other), *more] for more in matchings(some))
    if len(left) % 2:
        yield from ([(first,), *more] for more in matchings(tuple(rest)))


def regrets(pairing: Pairing, table: list[Standing], met: Counter[tuple[int, ...]]) -> Any:
    """What a Swiss pairing is to keep small, the most important first."""
    row, rank = {one.entrant: one for one in table}, [one.entrant for one in table]
    pairs = [pair for pair in pairing if len(pair) == 2]
    byes = [alone[0] for alone in pairing if len(alone) == 1]
    return (
        sum(met[tuple(sorted(pair))] ** 2 for pair in pairs),
        [(row[one].byes, -rank.index(one)) for one in byes],
        sum((row[one].points - row[other].points) ** 2 for one, other in pairs),
    )


@settings(max_examples=effort(16, 40))
@given(st.integers(2, 8), SEEDS)
def test_a_swiss_pairing_is_the_best_of_all_there_are(entrants: int, seed: int) -> None:
    """No rematch while one can be avoided, byes spread, points near: held against all pairings."""
    for _, pairing, before in rounds_of(Swiss(rounds=10), entrants, 2, seed, drawn(seed)):
        table = standings(entrants, before, seed)
        met = Counter(tuple(sorted(one.entrants)) for one in before)
        every = matchings(tuple(range(entrants)))
        best = min(regrets(other, table, met) for other in every)
        assert regrets(pairing, table, met) == best


@settings(max_examples=effort(12, 30))
@given(st.integers(2, 40), SEEDS)
def test_nobody_meets_twice_and_byes_are_spread(entrants: int, seed: int) -> None:
    """In so many rounds there is a pairing, whatever was played: Dirac's theorem on those unmet."""
    form = Swiss(rounds=max(1, (entrants - 1) // 2))
    meetings = held(form, entrants, 2, seed, drawn(seed))
    met = Counter(tuple(sorted(one.entrants)) for one in meetings if len(one.entrants) == 2)
    assert max(met.values()) == 1
    byes = [row.byes for row in standings(entrants, meetings)]
    assert max(byes) - min(byes) <= 1


def test_equal_points_meet_top_half_against_bottom_half() -> None:
    before = held(Swiss(rounds=1), 16, 2, 3, stronger())
    rank = [row.entrant for row in standings(16, before, 3)]
    pairing = Swiss(rounds=2).pair(16, 2, 2, before, 3)
    winners, losers = rank[:8], rank[8:]
    assert pairing == [
        pair for half in (winners, losers) for pair in zip(half[:4], half[4:], strict=True)
    ]


def test_rematches_are_with_those_met_least_often() -> None:
    met = Counter(tuple(sorted(one.entrants)) for one in held(Swiss(rounds=14), 7, 2, 1, drawn(1)))
    assert {pair: met[pair] for pair in combinations(range(7), 2)} == dict.fromkeys(
        combinations(range(7), 2), 2
    )
    assert [met[(one,)] for one in range(7)] == [2] * 7


@pytest.mark.parametrize(("entrants", "sides", "rounds"), [(15, 3, 14), (13, 3, 20), (16, 4, 10)])
def test_where_opponents_run_out_rematches_of_groups_are_spread(
    entrants: int, sides: int, rounds: int
) -> None:
    for seed in range(6):
        meetings = held(Swiss(rounds=rounds), entrants, sides, seed, drawn(seed))
        pairs = Counter(
            pair
            for one in meetings
            if len(one.entrants) > 1
            for pair in combinations(sorted(one.entrants), 2)
        )
        even = pairs.total() / (entrants * (entrants - 1) / 2)
        assert max(pairs.values()) <= even + 1
        byes = [row.byes for row in standings(entrants, meetings)]
        assert max(byes) - min(byes) <= 1


@pytest.mark.parametrize("seed", range(8))
def test_two_pairs_meet_a_second_time_rather_than_one_a_third(seed: int) -> None:
    times = {(0, 1): 2, (0, 2): 1, (1, 3): 1, (0, 3): 3, (1, 2): 3}
    before = [Meeting(1, pair, None) for pair, count in times.items() for _ in range(count)]
    pairing = Swiss(rounds=9).pair(4, 2, 9, before, seed)
    assert {frozenset(pair) for pair in pairing} == {frozenset((0, 2)), frozenset((1, 3))}


@pytest.mark.parametrize("entrants", [12, 31, 64])
def test_swiss_rounds_bring_the_strong_to_the_top(entrants: int) -> None:
    for seed in range(10):
        places = Stream(seed)
        strengths = {one: places.unit() for one in range(entrants)}
        strongest = sorted(strengths, key=lambda one: -strengths[one])
        meetings = held(Swiss(), entrants, 2, seed, stronger(strengths))
        rank = [row.entrant for row in standings(entrants, meetings, seed)]
        assert rank[0] == strongest[0]
        assert set(strongest[:3]) <= set(rank[:7])
        apart = sum((rank.index(one) - place) ** 2 for place, one in enumerate(strongest))
        assert 1 - 6 * apart / (entrants**3 - entrants) > 0.9, "Spearman's correlation"


@pytest.mark.parametrize("sides", [3, 4])
@settings(max_examples=effort(10, 25))
@given(st.integers(0, 20), SEEDS)
def test_groups_of_a_swiss_meet_again_rarely(sides: int, more: int, seed: int) -> None:
    entrants = sides * sides + more
    for number, pairing, before in rounds_of(Swiss(), entrants, sides, seed, drawn(seed)):
        byes = [met for met in pairing if len(met) == 1]
        assert len(byes) == entrants % sides
        had = {row.entrant: row.byes for row in standings(entrants, before)}
        assert max([had[one] for (one,) in byes], default=0) <= min(had.values()) + 1
        if number == 2:
            groups = [set(met) for met in pairing]
            earlier = [set(one.entrants) for one in before]
            assert all(len(group & other) < 2 for group in groups for other in earlier)


@settings(max_examples=effort(16, 40))
@given(st.integers(3, 4), st.integers(2, 3), SEEDS)
def test_no_exchange_between_groups_would_take_a_rematch_away(
    sides: int, groups: int, seed: int
) -> None:
    entrants = sides * groups
    for _, pairing, before in rounds_of(Swiss(rounds=6), entrants, sides, seed, drawn(seed)):
        met = Counter(pair for one in before for pair in combinations(sorted(one.entrants), 2))

        def again(some: Pairing, met: Counter[tuple[int, ...]] = met) -> int:
            pairs = (pair for group in some for pair in combinations(sorted(group), 2))
            return sum(met[pair] ** 2 for pair in pairs)

        for one, other in combinations(range(entrants), 2):
            swap = {one: other, other: one}
            changed = [tuple(swap.get(each, each) for each in group) for group in pairing]
            assert again(pairing) <= again(changed)


@pytest.mark.parametrize(
    ("entrants", "sides", "rounds"),
    [(2, 2, 1), (3, 2, 3), (4, 2, 3), (64, 2, 7), (65, 2, 8), (27, 3, 4)],
)
def test_a_swiss_has_as_many_rounds_as_it_needs(entrants: int, sides: int, rounds: int) -> None:
    assert Swiss().rounds(entrants, sides) == rounds


# -- knockout --------------------------------------------------------------------------------------


@given(st.integers(2, 40), st.sampled_from(("given", "random")), SEEDS)
def test_a_knockout_takes_one_out_a_meeting_and_has_byes_at_first(
    entrants: int, seeding: str, seed: int
) -> None:
    meetings = held(Knockout(seeding=seeding), entrants, 2, seed, drawn(seed))
    assert sum(len(one.entrants) == 2 for one in meetings) == entrants - 1
    byes = [one for one in meetings if len(one.entrants) == 1]
    assert all(one.round == 1 for one in byes)
    size = 2 ** Knockout().rounds(entrants, 2)
    assert len(byes) == size - entrants < entrants
    if seeding == "given":
        assert sorted(one.entrants[0] for one in byes) == list(range(size - entrants))


@given(st.integers(2, 40))
def test_the_best_seeds_meet_last(entrants: int) -> None:
    meetings = held(Knockout(), entrants, 2, 0, stronger())
    last = Knockout().rounds(entrants, 2)
    for number in range(1, last + 1):
        playing = {one for met in meetings if met.round == number for one in met.entrants}
        assert playing == set(range(min(entrants, 2 ** (last - number + 1))))


def test_the_first_round_of_sixteen_is_the_usual_one() -> None:
    pairing = Knockout().pair(16, 2, 1, (), 0)
    assert pairing[0] == (0, 15)
    assert all(sum(pair) == 15 for pair in pairing)
    assert {pairing[0], pairing[1]} == {(0, 15), (7, 8)}


@pytest.mark.parametrize(
    ("scores", "winner"), [((0.2, 0.8), 3), ((0.5, 0.5), 0), (None, 0), ((0.5, 0.5 + 1e-12), 0)]
)
def test_the_higher_score_goes_on_and_else_the_better_seed(scores: Any, winner: int) -> None:
    before = [Meeting(1, (0, 3), scores), Meeting(1, (2, 1), (0.1, 0.9))]
    assert Knockout().pair(4, 2, 2, before, 0) == [tuple(sorted((winner, 1)))]


@given(st.integers(2, 20), SEEDS)
def test_the_losers_of_the_semifinals_meet_for_the_third_place(entrants: int, seed: int) -> None:
    meetings = held(Knockout(third_place=True), entrants, 2, seed, drawn(seed))
    last = Knockout().rounds(entrants, 2)
    final = [set(one.entrants) for one in meetings if one.round == last]
    before = [set(one.entrants) for one in meetings if one.round == last - 1]
    losers = {one for met in before if len(met) == 2 for one in met} - final[0]
    assert final[1:] == ([losers] if entrants > 3 else [])


@given(st.integers(3, 5), st.integers(1, 15), SEEDS)
def test_a_knockout_of_more_sides_leaves_one(sides: int, matches: int, seed: int) -> None:
    entrants = 1 + matches * (sides - 1)
    meetings = held(Knockout(), entrants, sides, seed, stronger())
    assert sum(len(one.entrants) == sides for one in meetings) == matches
    assert {one.round for one in meetings if len(one.entrants) == 1} <= {1}
    final = meetings[-1].entrants if len(meetings[-1].entrants) > 1 else meetings[0].entrants
    assert final == tuple(range(sides)), "the best seeds meet last"


def test_random_seeds_are_drawn() -> None:
    firsts = {Knockout(seeding="random").pair(5, 2, 1, (), seed)[0] for seed in range(40)}
    assert len(firsts) == 5


# -- standings -------------------------------------------------------------------------------------


def test_points_are_counted_and_what_is_missing_is_no_tie() -> None:
    meetings = [
        Meeting(1, (0, 1), (0.75, 0.25)),
        Meeting(1, (2,), None),
        Meeting(2, (0, 2), (0.5, 0.5)),
        Meeting(2, (1, 1), (0.5, 0.5)),
        Meeting(3, (2, 1), None),
    ]
    assert standings(3, meetings) == [
        Standing(2, 2.0, played=2, wins=0, ties=1, losses=0, byes=1, buchholz=2.0),
        Standing(0, 1.5, played=2, wins=1, ties=1, losses=0, byes=0, buchholz=2.5),
        Standing(1, 0.5, played=2, wins=0, ties=0, losses=1, byes=0, buchholz=3.5),
    ]


@given(st.integers(2, 12), SEEDS, st.randoms(use_true_random=False))
def test_the_table_is_in_order_and_loses_no_point(entrants: int, seed: int, random: Any) -> None:
    meetings = held(Swiss(), entrants, 2, seed, drawn(seed))
    table = standings(entrants, meetings, seed)
    assert sorted(row.entrant for row in table) == list(range(entrants))
    keys = [(-row.points, -row.buchholz) for row in table]
    assert keys == sorted(keys)
    for row in table:
        assert row.wins + row.ties + row.losses <= row.played
        assert row.played + row.byes == Swiss().rounds(entrants, 2)
    random.shuffle(meetings)
    assert standings(entrants, meetings, seed) == table


def test_lots_are_drawn_from_the_seed() -> None:
    assert [row.entrant for row in standings(5, ())] == [0, 1, 2, 3, 4]
    assert len({standings(5, (), seed)[0].entrant for seed in range(40)}) == 5


# -- values and errors -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "made"),
    [
        ("round-robin", {"times": 2, "self_play": True}, RoundRobin(times=2, self_play=True)),
        ("swiss", {"rounds": 7}, Swiss(rounds=7)),
        ("swiss", {}, Swiss()),
        ("knockout", {"seeding": "random"}, Knockout(seeding="random")),
    ],
)
def test_a_format_is_a_value_with_a_canonical_form(
    name: str, options: dict[str, Any], made: Format
) -> None:
    read = read_format(name, options)
    assert read == made
    assert hash(read) == hash(made)
    stored = json.loads(json.dumps(plain(read, "format")))
    assert type(made)(**{key: value for key, value in stored.items() if key[0] != "$"}) == made


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: read_format("swis"), "no format 'swis'; did you mean swiss?"),
        (lambda: read_format("x"), "known: round-robin, swiss, knockout"),
        (lambda: read_format("swiss", {"round": 3}), "did you mean rounds?"),
        (lambda: read_format("swiss", {"rounds": 0}), "Swiss.rounds: .*greater than or equal to 1"),
        (lambda: read_format("knockout", {"seeding": "best"}), "Knockout.seeding: "),
        (lambda: RoundRobin(times=0), "RoundRobin.times: "),
        (lambda: RoundRobin().rounds(1, 2), "1 entrants for meetings of 2 sides; enter at least 2"),
        (lambda: Swiss().pair(4, 2, 0, (), 0), "no round 0; rounds count from 1"),
        (lambda: Swiss().pair(4, 1, 1, (), 0), "meetings of 1 sides"),
        (lambda: RoundRobin().rounds(200, 3), "1,313,400 meetings.*use Swiss"),
        (lambda: Knockout().rounds(10, 3), "enter 9 or 11, or use Swiss"),
        (lambda: Knockout(third_place=True).rounds(9, 3), "third_place"),
        (lambda: Knockout().pair(4, 2, 2, (), 0), "round 1 between 0 and 3 is needed"),
        (lambda: Meeting(0, (0, 1), None), "Meeting.round: is 0"),
        (lambda: Meeting(1, (), None), "name at least one"),
        (lambda: Meeting(1, (0, 1, 0), None), "has somebody twice"),
        (lambda: Meeting(1, (0, 1), (1.0,)), "1 for 2 entrants"),
        (lambda: Meeting(1, (0, 1), (1.0, float("nan"))), "numbers from 0 to 1"),
        (lambda: standings(2, [Meeting(1, (0, 2), None)]), "has entrant 2; there are 2"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(make: Callable[[], object], says: str) -> None:
    with pytest.raises(SceneError, match=says):
        make()
