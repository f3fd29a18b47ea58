"""What may be said about tuning: only where nothing else differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.lineage import Lineage, differ_in, read_lineage
from sim.errors import BadRequest

OLMO = """
["openai:olmo"]
family = "olmo-2-7b"
tuning = "base"

["openai:olmo-sft"]
family = "olmo-2-7b"
tuning = "sft"
step = 1000

["openai:other"]
family = "other"
tuning = "sft"
"""


@pytest.fixture
def declared(tmp_path: Path) -> dict[str, Lineage]:
    """Two checkpoints of one family, and another model."""
    path = tmp_path / "lineage.toml"
    path.write_text(OLMO, "utf-8")
    return read_lineage(path)


def test_tuning_is_said_of_one_family_at_one_sampling(declared: dict[str, Lineage]) -> None:
    pair = ("openai:olmo", "openai:olmo-sft")
    assert "differ in tuning alone (base; sft, step 1,000)" in differ_in(pair, pair, declared)
    warmer = ("openai:olmo?temperature=1", "openai:olmo-sft?temperature=0")
    assert "not tuning alone" in differ_in(pair, warmer, declared)


def test_of_two_families_nothing_is_said_about_tuning(declared: dict[str, Lineage]) -> None:
    for pair in (("openai:olmo", "openai:other"), ("openai:olmo", "openai:unheard-of")):
        assert "are two models: family, size, data and tuning" in differ_in(pair, pair, declared)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('["openai:a"]\nfamily = "a"\ntuning = "rlhf"', "tuning: 'rlhf'; write one of base, sft"),
        ('["openai:a"]\ntuning = "base"', "family is missing"),
        ('["openai:a"]\nfamily = "a"\ntuned = "sft"', "there is no 'tuned'; did you mean tuning"),
        ('["openai:a"]\nfamily = "a"\ntuning = "sft"\nstep = "last"', "step: 'last'"),
        ('"openai:a" = "base"', "write a table"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "lineage.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(BadRequest) as refused:
        read_lineage(path)
    assert told in str(refused.value)
    assert str(path) in str(refused.value)
