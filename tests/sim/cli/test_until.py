"""``--until decided`` and ``elsinore power``, as they are typed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]

ARMS = ("-m", "embedded:base", "-m", "embedded:rlhf")
RUN = ("run", "mine.py:trio", *ARMS, "--store", "x.db", "--until", "decided")


def test_a_run_ends_when_it_is_decided(inside: Command) -> None:
    line = (*RUN, "-n", 12, "--measure", "conflict.hostility", "--margin", 0.9)
    done = inside(*line)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "Decided after" in said
    assert "of 12 blocks: conflict.hostility: embedded:rlhf less embedded:base: alike" in said
    assert "holds at all looks together; the estimate at stopping is inflated." in said
    assert "blocks saved (free)" in said
    assert "For this topic only." in said
    # The arms stand in the order in which they were named.
    assert said.index("embedded:base, embedded:rlhf") < 60
    again = json.loads(inside(*line, "--json").stdout)
    assert again["calls"] == 0
    assert again["until"]["outcome"] == "alike"
    assert again["until"]["after"] < again["until"]["blocks"] == 12
    assert len(again["trials"]) >= 2 * again["until"]["after"]
    warned = inside("analyze", "x.db", "--by", "stage", "--measure", "conflict.hostility")
    assert "Trials were played until a difference was decided" in " ".join(warned.stdout.split())
    other = inside(*RUN, "-n", 12, "--measure", "conflict.hostility", "--margin", 0.8)
    assert other.returncode == 2
    assert "a rule is fixed before the first trial" in other.stderr


def test_what_is_estimated_is_the_most(inside: Command) -> None:
    done = inside(*RUN, "-n", 12, "--dry-run")
    assert "That is the most: it ends when it is decided." in done.stdout


def test_a_budget_ends_it_before_it_is_decided_and_it_goes_on(inside: Command) -> None:
    line = (*RUN, "-n", 3, "--measure", "conflict.hostility")
    first = inside(*line, "--budget-tokens", 6000, "--concurrency", 1)
    assert first.returncode == 1
    assert "Not decided yet, after" in " ".join(first.stdout.split())
    assert "to go on, run the same command with a larger budget" in " ".join(first.stderr.split())
    second = inside(*line)
    assert second.returncode == 0, second.stderr
    assert "Not decided after 3 of 3 blocks" in " ".join(second.stdout.split())


def test_two_values_of_a_parameter_are_arms_and_others_topics(inside: Command) -> None:
    done = inside(
        "run", "cross_purposes", "-P", "turns=2,4", "-P", "apart=0.2,0.4,0.6", "-n", 2,
        "--until", "decided", "--store", "x.db", "--json", "--measure", "conflict",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["until"]
    assert (found["a"], found["b"], found["blocks"]) == ("turns=4", "turns=2", 6)
    assert found["topics"] == ["apart=0.2", "apart=0.4", "apart=0.6"]
    assert "For these 3 topics only." in found["sentences"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-n", 9, "--margin", 0.1), "add --until decided"),
        (("-n", 9, "--until", "decided"), "needs two arms to compare, and here is 1 model"),
        ((*ARMS, "-n", 1, "--until", "decided"), "how many blocks there can be"),
        ((*ARMS, "--until", "decided", "--measure", "nope"), "there is no measure 'nope'"),
        ((*ARMS, "--until", "decided", "--measure", "convergence.c"), "give --range=LOW,HIGH"),
        ((*ARMS, "--until", "decided", "--range", "3"), "write --range=LOW,HIGH"),
        ((*ARMS, "--until", "decided", "--margin", 7), "is no margin"),
        ((*ARMS, "--until", "decided", "--yoked"), "surrogates decide nothing"),
        ((*ARMS, "--until", "decided", "--retry-failed"), "leave it out"),
        ((*ARMS, "-m", "embedded:sft", "--until", "decided"), "here are 3 models"),
    ],
)
def test_bad_requests(inside: Command, arguments: tuple[object, ...], told: str) -> None:
    done = inside("run", "mine.py:trio", "--store", "x.db", *arguments)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.split())
    assert not Path("x.db").exists()


# --- Power ----------------------------------------------------------------------------------------


def test_the_power_of_an_assumed_effect(inside: Command) -> None:
    found = json.loads(inside("power", "--effect", 0.3, "--sd", 0.4, "--json").stdout)
    blocks = {plan["design"]: plan["blocks"] for plan in found["plans"]}
    assert blocks["fixed number"] == 21
    assert blocks["until decided, betting"] > blocks["until decided, group-sequential"] > 21
    shown = inside("power", "--effect", 0.3, "--sd", 0.4, "--topic-sd", 0.2, "--margin", 0.2)
    assert "alike, fixed number" in shown.stdout
    assert "To speak of all topics like these:" in shown.stdout


def test_a_pilot(inside: Command) -> None:
    inside("run", "mine.py:trio", *ARMS, "-n", 4, "--store", "p.db", "-q")
    done = inside("power", "p.db", "--effect", 0.4, "--json")
    found = json.loads(done.stdout)
    assert found["pilot"]["blocks"] == 4
    assert (found["pilot"]["a"], found["pilot"]["b"]) == ("embedded:rlhf", "embedded:base")
    assert found["plans"][0]["low"] <= found["plans"][0]["blocks"] <= found["plans"][0]["high"]
    assert found["plans"][0]["trials"] == 2 * found["plans"][0]["blocks"]
    assert [each["turns"] for each in found["pilot"]["turns"]] == [2, 3, 4, 6]
    assert found["free"] is True
    shown = inside("power", "p.db", "--effect", 0.4)
    assert "For this topic only: more seeds do not shrink" in " ".join(shown.stdout.split())
    alone = json.loads(
        inside("power", "p.db", "--arm", "model=embedded:base", "--effect", 0.4, "--json").stdout
    )
    assert alone["pilot"]["b"] is None
    missing = inside("power", "p.db", "--measure", "theory_of_mind.error")
    assert missing.returncode == 2
    assert "fewer than three blocks have a number of theory_of_mind.error" in missing.stderr
    assert any("one arm alone" in sentence for sentence in alone["sentences"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a pilot"),
        (("--effect", 0.3), "name a pilot"),
        (("--effect", 3, "--sd", 0.5), "up to 1"),
        (("--effect", 0.3, "--sd", 0), "is no standard deviation"),
        (("--effect", 0.3, "--sd", 0.5, "--power", 1), "from 0.5 to below 1"),
        (("--effect", 0.3, "--sd", 0.5, "--by", "model"), "are of a pilot"),
        (("--effect", 0.5, "--sd", 0.9), "cannot have both"),
        (("nowhere.db", "--effect", 0.3), "does not exist"),
    ],
)
def test_bad_requests_of_power(inside: Command, arguments: tuple[object, ...], told: str) -> None:
    done = inside("power", *arguments)
    assert done.returncode != 0
    assert told in " ".join(done.stderr.split())
