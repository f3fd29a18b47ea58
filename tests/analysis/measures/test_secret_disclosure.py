"""Secrets: who used what nobody else knew, from whom it came, and what was found by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import analysis
import sim
from analysis.evidence.disclosure import Piece, terms
from analysis.measures.secret_disclosure import SecretDisclosure
from analysis.tables import Record, tables_from
from sim.events import Turn

SPOONS = "The miller hid nine silver spoons under the bridge."
CAST = ({"name": "Ada", "secret": SPOONS}, {"name": "Ben"}, {"name": "Cleo"})
SMALL = (
    "Good evening, it is late.", "I have seen better years for apples.", "Nobody told me of rain.",
    "The mayor will speak on Monday, they say.", "We should eat before it gets cold.",
    "My brother wants to sell his horse.", "There was a light in the church.",
    "The road to the north is closed.", "She sings well, your daughter.", "I doubt that very much.",
)  # fmt: skip


def of_lines(*said: Turn, cast: Sequence[Any] = CAST) -> Any:
    result = SecretDisclosure(tables_from([Record("t", cast, said)]), by="words")
    return result, list(result.by_trial.itertuples())


# -- by hand ---------------------------------------------------------------------------------------


def test_it_comes_through_whoever_was_told() -> None:
    result, [row] = of_lines(
        Turn(1, "Ada", "Good evening."),
        Turn(2, "Ada", "Between us: there are nine silver spoons under the bridge.", ("Ben",)),
        Turn(3, "Cleo", "What are you two whispering?"),
        Turn(4, "Ben", "Cleo, the miller hid silver spoons there. Nine!", ("Cleo",)),
        Turn(5, "Cleo", "Everybody, the miller has silver spoons under the bridge!"),
    )
    assert (row.owner, row.told, row.spread, row.turn) == ("Ada", 0, 2, 4)
    assert (row.by, row.source, row.leak, row.reach) == ("Ben", "Ada", False, 1)
    uses = result.by_turn
    assert list(zip(uses["turn"], uses["actor"], uses["knew"], strict=True)) == [
        (2, "Ada", True), (4, "Ben", True), (5, "Cleo", True)]  # fmt: skip


def test_who_heard_nobody_say_it_leaks() -> None:
    _, [row] = of_lines(
        Turn(1, "Ada", "There are nine silver spoons under the bridge.", audience=("Ben",)),
        Turn(2, "Cleo", "I wonder about the nine silver spoons of the miller."),
    )
    assert (row.turn, row.by, row.leak) == (2, "Cleo", True)
    assert pd.isna(row.source)
    # The same with an eavesdropper is none.
    _, [row] = of_lines(
        Turn(1, "Ada", "Nine silver spoons are under the bridge.", ("Ben",), overheard=("Cleo",)),
        Turn(2, "Cleo", "I wonder about the nine silver spoons of the miller."),
    )
    assert (row.by, row.source, row.leak) == ("Cleo", "Ada", False)


def test_a_secret_that_is_kept_is_no_zero_turn() -> None:
    result, [row] = of_lines(Turn(1, "Ada", "Good evening."), Turn(2, "Ben", "And to you."))
    assert (row.disclosed, row.leak, row.reach) == (False, False, 0)
    assert result.by_trial[["turn", "spread", "by", "source"]].isna().all(axis=None)
    # The owner may say it: nobody else did.
    _, [row] = of_lines(Turn(1, "Ada", f"I confess. {SPOONS}"), Turn(2, "Ben", "Heavens!"))
    assert (row.disclosed, row.spread, row.reach) == (False, 1, 1)


def test_a_whisper_is_a_secret_of_those_who_heard_it() -> None:
    _, rows = of_lines(
        Turn(1, "Ada", "Meet me at the old quarry at midnight.", audience=("Ben",)),
        Turn(2, "Ben", "Yes.", audience=("Ada",)),
        Turn(3, "Ada", "At midnight, at the old quarry!", audience=("Ben",)),
        Turn(4, "Cleo", "See you at the quarry at midnight, Ben."),
        cast=[{"name": name} for name in ("Ada", "Ben", "Cleo")],
    )
    [row] = rows
    assert (row.owner, row.told, row.by, row.leak) == ("Ada", 1, "Cleo", True)
    # Who is out of the room is kept no secret from.
    _, rows = of_lines(
        Turn(1, "Ada", "The old quarry was sold to a stranger.", absent=("Cleo",)),
        Turn(2, "Cleo", "So the old quarry was sold."),
        cast=[{"name": name} for name in ("Ada", "Ben", "Cleo")],
    )
    assert rows == []


def test_a_store_without_secrets_says_so() -> None:
    result, rows = of_lines(Turn(1, "A", "Well."), cast=[{"name": "A"}, {"name": "B"}])
    assert rows == []
    assert result.estimate().note == "nobody had a secret"


# -- planted ---------------------------------------------------------------------------------------

THINGS = ("violin", "ledger", "cradle", "compass", "chapel", "orchard", "kettle", "mirror")
PLACES = ("Tarnow", "Kiel", "Bergen", "Lublin", "Arles", "Cork", "Split", "Turku")
DEEDS = ("burned", "forged", "buried", "stole", "painted", "swapped", "drowned", "bought")


def secret(generator: np.random.Generator) -> str:
    thing, place, deed = (str(generator.choice(some)) for some in (THINGS, PLACES, DEEDS))
    return f"She {deed} a {thing} in {place} in {generator.integers(1850, 1950)}."


def scene(generator: np.random.Generator, name: str, told: bool, leaks: bool) -> Record:
    """Small talk; Ada may tell Ben, who passes it on, or Cleo say what she cannot know."""
    kept = secret(generator)
    thing, place = kept.split()[3], kept.split()[5]
    said = [Turn(n, ("Ada", "Ben", "Cleo")[n % 3], str(generator.choice(SMALL)))
            for n in range(1, 19)]  # fmt: skip
    if told:
        said[2] = Turn(3, "Ada", f"Listen: {kept}", audience=("Ben",))
        said[9] = Turn(10, "Ben", f"It was in {place}, they say, that {thing} of hers.")
    if leaks:
        said[13] = Turn(14, "Cleo", f"What of the {thing} in {place}?")
    return Record(name, ({"name": "Ada", "secret": kept}, *CAST[1:]), said)


def planted(told: bool, leaks: bool, trials: int = 100) -> Any:
    generator = np.random.default_rng(1)
    records = [scene(generator, f"t{n}", told, leaks) for n in range(trials)]
    result = SecretDisclosure(tables_from(records), by="words")
    return result, result.by_trial[result.by_trial["told"] == 0]


def test_what_was_passed_on_is_found_with_its_way() -> None:
    _, table = planted(told=True, leaks=False)
    right = (table["turn"] == 10) & (table["by"] == "Ben") & (table["source"] == "Ada")
    found = int(right.fillna(value=False).sum())
    assert binomtest(found, 100, 0.9, alternative="less").pvalue > 0.001, found
    assert not table["leak"].any()


def test_a_leak_is_found() -> None:
    _, table = planted(told=False, leaks=True)
    found = int((table["leak"] & (table["turn"] == 14)).fillna(value=False).sum())
    assert binomtest(found, 100, 0.9, alternative="less").pvalue > 0.001, found


def test_small_talk_gives_nothing_away() -> None:
    result, table = planted(told=False, leaks=False)
    false = int(table["disclosed"].sum())
    assert binomtest(false, 100, 0.02, alternative="greater").pvalue > 0.001, false
    assert result.estimate("leak").null.estimate <= 0.02


def test_what_everybody_talks_of_is_no_secret_that_is_out() -> None:
    generator = np.random.default_rng(2)
    records = []
    for n in range(10):
        said = [Turn(t, "Ben", f"The {generator.choice(THINGS)} of {generator.choice(PLACES)}!")
                for t in range(1, 40)]  # fmt: skip
        kept = f"The {generator.choice(THINGS)} of {generator.choice(PLACES)}."
        records.append(Record(f"t{n}", ({"name": "Ada", "secret": kept}, {"name": "Ben"}), said))
    leak = SecretDisclosure(tables_from(records), by="words").estimate("leak")
    assert (leak.value, leak.null.estimate) == (0, 0)


def test_the_null_is_what_is_found_where_nobody_had_it() -> None:
    """In half of the other trials somebody has read of the miller's spoons."""
    said = [Turn(1, "Ben", "Nine silver spoons of a miller, it says here.")]
    quiet = [Turn(1, "Ben", "It says nothing here.")]
    owner = Record("t", CAST[:2], quiet)
    others = [Record(f"o{n}", ({"name": "Ada"}, {"name": "Ben"}), said if n % 2 else quiet)
              for n in range(10)]  # fmt: skip
    result = SecretDisclosure(tables_from([owner, *others]), by="words")
    assert result.by_trial["elsewhere"].to_list() == [0.5]
    assert result.estimate("leak").null.estimate == 0.5


# -- words, and a scene that is played -------------------------------------------------------------


def test_topics_weigh_little() -> None:
    from collections import Counter

    piece = Piece.of("The spring was poisoned by Marlowe.", (), Counter({"spr": 0, "spring": 90}),
                     100)  # fmt: skip
    assert piece.weights["spring"] < piece.weights["marlow"] / 10
    assert not piece.used(terms("Our spring is a spring."), 20)
    assert piece.share(terms("Did Marlowe go to the spring?")) < piece.share(
        terms("Marlowe poisoned it.")
    )
    # Rare words are no proof in a talk so long that chance would bring them.
    assert piece.used(terms("Marlowe poisoned it."), 20)
    assert not piece.used(terms("Marlowe poisoned it."), 2000)


def test_the_whisper_chain_goes_from_ear_to_ear(tmp_path: Any) -> None:
    results = sim.run("whisper_chain", trials=2, store=tmp_path / "x.db")
    result = SecretDisclosure(analysis.load(results), by="words")
    first = result.by_trial[result.by_trial["told"] == 1]
    assert list(first["owner"]) == ["Alma", "Alma"]
    # The embedded stage passes nothing on; what nobody says, nobody leaks.
    assert not first["leak"].any()


@pytest.mark.parametrize("name", ["hashing", "nobody"])
def test_only_an_embedder_that_exists(name: str) -> None:
    if name == "hashing":
        assert SecretDisclosure(tables_from([]), by=name).by_trial.empty
    else:
        with pytest.raises(ValueError, match="no embedder"):
            SecretDisclosure(tables_from([]), by=name)
