"""The laws of a turn, as identities."""

from __future__ import annotations

from math import fsum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import ModelError
from sim.stage.exact.acts import ACTS, GRID
from sim.stage.exact.laws import Laws, heard_mean, stance_law, stance_mean, surface, surfaced
from sim.stage.exact.parameters import ADDED, MECHANISMS, Parameters, read_parameters
from sim.stage.exact.tables import CHARACTERS, KINDS, MERIT, SHADOW, TRAIT_WORDS, TRAITS

STANCES = st.floats(-1, 1)
CONTEXTS = st.tuples(
    st.lists(st.sampled_from(sorted(TRAITS)), max_size=3, unique=True).map(tuple),
    st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
PARAMETERS: Any = st.builds(
    Parameters,
    kind=st.sampled_from(sorted(KINDS)),
    mechanism=st.sampled_from(MECHANISMS),
    kappa=st.floats(0, 1),
    pi=st.floats(0, 1),
    hazard=st.floats(0, 1),
    provocation=st.floats(0, 1),
    insistence=st.floats(0, 1),
    tau=st.floats(0.1, 100),
    window=st.integers(1, 10),
    skill=st.floats(-5, 5),
)


@given(STANCES)
def test_the_mean_of_a_stance_is_exactly_m(m: float) -> None:
    law = stance_law(m)
    assert min(law) >= 0.0
    assert abs(fsum(law) - 1) < 1e-12
    assert abs(fsum(p * x for p, x in zip(law, GRID, strict=True)) - m) < 1e-12


@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_at_the_ends_a_stance_is_certain(end: float) -> None:
    assert stance_law(end)[GRID.index(end)] == 1.0
    assert fsum(stance_law(end)) == 1.0


@given(
    st.floats(0, 1), st.floats(0, 1), STANCES, STANCES, STANCES, st.booleans()
)  # fmt: skip
def test_the_mean_is_the_weighted_one_and_stays_on_the_scale(
    alpha: float, share: float, bias: float, own: float, heard: float, silent: bool
) -> None:
    beta = (1 - alpha) * share
    try:
        parameters = Parameters(alpha=alpha, beta=beta, bias=bias)
    except ModelError:
        return  # rounding took alpha + beta past 1
    m = stance_mean(parameters, own, None if silent else heard)
    pulled = own if silent else heard
    assert -1 <= m <= 1
    assert m == pytest.approx((1 - alpha - beta) * pulled + alpha * own + beta * bias, abs=1e-12)


def test_others_beyond_the_bound_are_not_heeded() -> None:
    parameters = Parameters(confidence=0.5, own_weight=0.25)
    stances = {"Ben": 0.25, "Ada": 0.0, "Cleo": 0.75}
    assert heard_mean(parameters, stances, "Ada", -1.0) == 0.75 * 0.25
    assert heard_mean(parameters, {"Cleo": 0.75}, "Ada", -1.0) is None
    assert heard_mean(parameters, {"Cleo": 0.75}, "Ada", 0.5) == 0.75
    assert heard_mean(parameters, {"Cleo": 0.75, "Ada": 0.0}, "Ada", 0.5) == 0.0
    assert heard_mean(Parameters(own_weight=0.25), stances, "Ada", 1.0) == 0.75 * 0.5


@given(PARAMETERS, CONTEXTS, st.integers(1, 30), st.booleans())
def test_every_row_sums_to_one(
    parameters: Parameters, context: Any, turn: int, insistent: bool
) -> None:
    laws = Laws(parameters)
    acting = laws.acting(*context)
    for row in (*acting.rows, *laws.switching(turn, context[1], insistent, acting)):
        assert min(row) >= 0.0
        assert abs(fsum(row) - 1) < 1e-12
    assert 0.0 <= acting.conceal <= 1.0
    # Nobody answers what was not said, and nobody repeats what is not there.
    _, _, answers, own, theirs = context
    for z, row in zip(CHARACTERS, acting.rows, strict=True):
        shares = dict(zip(ACTS, row, strict=True))
        if not answers:
            assert shares["rebut"] == shares["concede"] == shares["agree"] == 0.0
        if not {"loop": own, "partner": theirs}.get(z, False):
            assert shares["repeat"] == 0.0
        assert z == "shadow" or shares["reveal"] == 0.0  # a self never reveals


@given(CONTEXTS, st.integers(1, 9), st.booleans(), st.sampled_from(MECHANISMS))
def test_when_tau_is_large_rlhf_is_sft(
    context: Any, turn: int, insistent: bool, mechanism: str
) -> None:
    both = []
    for kind in ("sft", "rlhf"):
        laws = Laws(Parameters(kind=kind, mechanism=mechanism, tau=100.0))
        acting = laws.acting(*context)
        both.append((acting, laws.switching(turn, context[1], insistent, acting)))
    (sft, switching), (rlhf, leaning) = both
    # e^(r/100) is within 0.03 of 1.
    for mine, theirs in zip((*sft.rows, *switching), (*rlhf.rows, *leaning), strict=True):
        assert theirs == pytest.approx(mine, abs=0.03)
    assert rlhf.conceal == pytest.approx(sft.conceal, abs=0.03)


@given(CONTEXTS, st.sampled_from(["rlhf", "helpful_only"]), st.floats(0.1, 2), st.floats(0, 1))
def test_the_tilt_is_the_optimum_of_kl_regularised_reward(
    context: Any, kind: str, tau: float, kappa: float
) -> None:
    laws = Laws(Parameters(kind=kind, tau=tau, kappa=kappa))
    plain = Laws(Parameters(kind="sft", tau=tau, kappa=kappa)).acting(*context)
    tilted = laws.acting(*context)
    reward = KINDS[kind].reward
    assert reward is not None
    for z, (before, after) in enumerate(zip(plain.rows, tilted.rows, strict=True)):
        # P_tau / P is e^(r / tau), up to one factor.
        pairs = [
            (q / p, a) for p, q, a in zip(before, after, ACTS, strict=True) if p > 0.0 and q > 0.0
        ]
        for ratio, act in pairs:
            steps = (reward[act] - reward[pairs[0][1]]) / tau
            assert ratio / pairs[0][0] == pytest.approx(
                2.718281828459045**steps, rel=1e-3, abs=1e-5
            )
        if z != SHADOW:
            weights = [2.718281828459045 ** (reward[a] / tau) for a in ACTS]
            norm = fsum(p * w for p, w in zip(before, weights, strict=True))
            assert tilted.pull[z] == pytest.approx(norm, rel=1e-4, abs=1e-5)


@given(
    st.sampled_from(["base", "sft", "rlhf"]),
    st.lists(st.sampled_from(sorted(TRAITS)), max_size=2, unique=True).map(tuple),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.floats(-5, 5),
)
def test_skill_tilts_the_acts_of_self_and_loop_by_their_merit(
    kind: str, temperament: tuple[str, ...], provocation: float, skill: float
) -> None:
    context = (temperament, provocation, True, True, True)
    plain = Laws(Parameters(kind=kind)).acting(*context)
    skilled = Laws(Parameters(kind=kind, skill=skill)).acting(*context)
    for z, before, after in zip(CHARACTERS, plain.rows, skilled.rows, strict=True):
        if z not in ("self", "loop"):
            assert after == before
            continue
        tilt = [2.718281828459045 ** (skill * MERIT[act]) for act in ACTS]
        weights = [p * factor for p, factor in zip(before, tilt, strict=True)]
        total = fsum(weights)
        assert after == pytest.approx([w / total for w in weights], rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("provocation", [0.0, 0.5, 1.0])
def test_rlhf_leans_to_the_assistant_and_away_from_open_shadows(provocation: float) -> None:
    laws = Laws(Parameters(kind="rlhf"))
    context = ((), provocation, True, True, True)
    pull = dict(zip(CHARACTERS, laws.acting(*context).pull, strict=True))
    open_shadow = dict(
        zip(CHARACTERS, Laws(Parameters(kind="rlhf", kappa=0.0)).acting(*context).pull, strict=True)
    )["shadow"]
    assert pull["assistant"] > pull["self"] > pull["shadow"] > open_shadow
    sft = Laws(Parameters(kind="sft"))
    before = sft.switching(2, provocation, False, sft.acting(*context))[0]
    after = laws.switching(2, provocation, False, laws.acting(*context))[0]
    assert after[2] > before[2]
    assert after[1] < before[1]
    assert laws.acting(*context).conceal > sft.acting(*context).conceal


@given(PARAMETERS, CONTEXTS, st.integers(2, 30), st.booleans())
def test_mechanisms_return_as_they_should(
    parameters: Parameters, context: Any, turn: int, insistent: bool
) -> None:
    laws = Laws(parameters)
    switching = laws.switching(turn, context[1], insistent, laws.acting(*context))
    flip, back = switching[0][1], switching[1][0]
    opens = parameters.mechanism == "M3" and (turn - 1) % parameters.window == 0
    if opens:
        assert len(set(switching)) == 1
    elif parameters.mechanism in ("M1", "M3"):
        assert flip == back == 0.0
    elif parameters.mechanism == "M2":
        assert back == 0.0
    elif KINDS[parameters.kind].reward is None and KINDS[parameters.kind].follows is None:
        h = min(
            0.9,
            parameters.hazard
            + parameters.provocation * context[1]
            + insistent * parameters.insistence,
        )
        assert (flip, back) == pytest.approx((h, h))  # rows are normalised, to the last bit


@given(STANCES, st.none() | STANCES, st.lists(st.floats(0, 1), min_size=12, max_size=12))
def test_bringing_act_and_stance_into_line_loses_no_probability(
    stance: float, partner: float | None, row: list[float]
) -> None:
    said = [surfaced(tuple(row), act, stance, partner) for act in range(len(ACTS))]
    pushed = [0.0] * len(ACTS)
    for act, p in enumerate(row):
        pushed[surface(act, stance, partner)] += p
    assert said == pytest.approx(pushed)
    assert fsum(said) == pytest.approx(fsum(row))


def test_the_name_of_a_temperament_is_a_word_for_it() -> None:
    assert all(name in words for name, words in TRAIT_WORDS.items())


def test_what_came_later_is_no_part_of_an_identity_while_it_has_its_default() -> None:
    # As it was before there were any: ids of stored trials are hashes of it.
    first = (
        "mechanism=M2&kappa=0.4&pi=0.3&hazard=0.01&provocation=0.3&insistence=0.02&alpha=0.7"
        "&beta=0.0&bias=0.0&own_weight=0.4&confidence=2.0{}&tau=0.25&window=8&half=all"
    )
    assert Parameters().identity == f"embedded:base?{first.format('')}"
    later = dict.fromkeys(sorted(ADDED), 0.5)
    assert Parameters(**later).identity == (
        f"embedded:base?{first.format('&crowd=0.5&projection=0.5')}&skill=0.5&acuity=0.5&tie=0.5"
        "&primacy=0.5&verbosity=0.5&kinship=0.5&misquote=0.5"
    )
    assert read_parameters("base", {"crowd": "0", "skill": "0"}).identity == Parameters().identity


@pytest.mark.parametrize(
    ("name", "value"),
    [("skill", 5.1), ("acuity", -1.0), ("tie", -0.1), ("kinship", 11.0), ("misquote", 1.1)],
)
def test_parameters_of_debates_have_bounds(name: str, value: float) -> None:
    with pytest.raises(ModelError, match=f"{name} is {value}"):
        read_parameters("base", {name: value})


def test_a_bimodal_stage_is_half_shadows_from_the_start() -> None:
    laws = Laws(read_parameters("bimodal", {}))
    acting = laws.acting((), 0.0, False, False, False)
    assert laws.switching(1, 0.0, False, acting)[0][SHADOW] == pytest.approx(0.5)
    assert acting.conceal == 0.1
