"""From a store to a folder, from people's labels to repaired estimates."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from math import isnan, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import labels
from analysis.labels.folder import Answers, given_labels, read_shown
from analysis.labels.repair import BY_ARM, DIFFERENCES
from analysis.stats import Interval
from analysis.tables import Record, Tables, tables_from
from sim.errors import BadRequest
from sim.events import Turn

QUESTION = labels.Question("Is it hostile?", ("yes", "no"))
SECRET = "model-nobody-may-see"
ARMS = ("kind", SECRET)

Key = tuple[str, int]


@cache
def played(
    *, scenes: int = 20, turns: int = 16, seed: int = 0, topics: int = 1
) -> tuple[Tables, dict[Key, bool]]:
    """Two arms with the same seeds, and which of their lines are hostile: 0.2 and 0.4."""
    generator = np.random.default_rng(seed)
    records, truth = [], {}
    for model, share in zip(ARMS, (0.2, 0.4), strict=True):
        for number in range(scenes):
            trial = f"trial{number:03}{model[0]}"
            said = []
            for turn in range(1, turns + 1):
                truth[trial, turn] = bool(generator.random() < share)
                said.append(
                    Turn(turn, "AdaBen"[3 * (turn % 2) :][:3], f"Line {generator.random()}.")
                )
            cast = [{"name": "Ada"}, {"name": "Ben"}]
            records.append(Record(trial, cast, said, model=model, seed=number, scenario="spring",
                                  topic=f"topic {number % topics}"))  # fmt: skip
    return tables_from(records), truth


def judge(path: Path, truth: Mapping[Key, bool], *, seed: int = 1, name: str = "judge") -> str:
    """A judge in a CSV who misses one event in five and sees many that are none."""
    generator = np.random.default_rng(seed)
    rows = [(trial, turn, 1.0 if generator.random() < (0.8 if event else 0.25) else 0.0)
            for (trial, turn), event in truth.items()]  # fmt: skip
    pd.DataFrame(rows, columns=["trial", "turn", name]).to_csv(path, index=False)
    return f"{path}:{name}"


def at(folder: Path) -> dict[str, Key]:
    """Where each drawn line is from."""
    key = json.loads((folder / ".key.json").read_text())
    return {each["id"]: (each["trial"], each["turn"]) for each in key["drawn"]}


def fill(folder: Path, coder: str, answer: Callable[[str], str]) -> None:
    """Fill in the sheet of a coder, as a spreadsheet program would save it."""
    path = folder / f"{coder}.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"label": answer(row["id"])})
    path.write_bytes(out.getvalue().encode("cp1252", "replace"))


def near(interval: Interval, truth: float) -> bool:
    """Whether the truth is inside twice the 95% interval, in which it fails once in 10,000."""
    return abs(interval.estimate - truth) < interval.high - interval.low


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of labels as it was drawn."""
    tmp_path = tmp_path_factory.mktemp("drawn")
    tables, truth = played()
    folder = tmp_path / "labels"
    labels.draw(tables, QUESTION, folder, instruments=[judge(tmp_path / "j.csv", truth)],
                plan=labels.Plan(count=200))  # fmt: skip
    return folder


@pytest.fixture
def drawn(made: Path, tmp_path: Path) -> tuple[Path, dict[Key, bool]]:
    """A folder of one's own, and the truth of every line."""
    return shutil.copytree(made, tmp_path / "labels"), played()[1]


def test_coders_see_nothing_that_tells(drawn: tuple[Path, dict[Key, bool]]) -> None:
    folder, _ = drawn
    shown = [path for path in folder.iterdir() if path.name != ".key.json"]
    assert sorted(path.name for path in shown) == [
        "coder-1.csv", "coder-1.txt", "coder-2.csv", "coder-2.txt", "items.json"
    ]  # fmt: skip
    for path in shown:
        text = path.read_text("utf-8-sig")
        for secret in (SECRET, "spring", "trial0", "judge", "probability", "score"):
            assert secret not in text, path.name
    sheets = [(folder / f"coder-{number}.csv").read_text("utf-8-sig") for number in (1, 2)]
    orders = [
        [row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))] for text in sheets
    ]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    where = at(folder)
    assert [where[each] for each in orders[0]] != sorted(where.values()), "shuffled"
    items = read_shown(folder).items
    assert len({item.line for item in items}) == 200
    for item in items:
        assert len(item.before) == min(6, where[item.id][1] - 1)


def test_each_arm_has_its_share_and_a_known_probability(
    drawn: tuple[Path, dict[Key, bool]],
) -> None:
    folder, _ = drawn
    fill(folder, "coder-1", lambda _: "yes")
    found = labels.read(folder)
    assert found.drawn["arm"].value_counts().to_dict() == {"kind": 100, SECRET: 100}
    assert set(found.drawn["probability"]) == {100 / 320}


def test_a_biased_judge_is_repaired(drawn: tuple[Path, dict[Key, bool]]) -> None:
    folder, truth = drawn
    where = at(folder)
    for coder in ("coder-1", "coder-2"):
        fill(folder, coder, lambda each: "Yes" if truth[where[each]] else "n")
    found = labels.read(folder)
    assert found.agreement.estimate == 1
    assert found.twice == 200
    repair = found.repair(by="stage", against="kind")
    assert list(repair.by_arm.columns) == list(BY_ARM)
    assert list(repair.differences.columns) == list(DIFFERENCES)
    for each in repair.arms:
        own = [event for (trial, _), event in truth.items() if trial[-1] == each.arm[0]]
        assert near(each.repaired, float(np.mean(own)))
        assert each.judge > np.mean(own) + 0.02
        assert each.note == ""
    width, alone = (
        sum(part.high - part.low for part in parts)
        for parts in zip(*((each.repaired, each.alone) for each in repair.arms), strict=True)
    )
    assert width < alone
    (gap,) = repair.contrasts
    assert (gap.a, gap.b, gap.paired) == (SECRET, "kind", True)
    assert near(gap.repaired, 0.2)
    assert near(found.errors["sensitivity"], 0.8)
    assert near(found.errors["false_alarms"], 0.25)


def test_two_coders_who_differ_count_half(drawn: tuple[Path, dict[Key, bool]]) -> None:
    folder, _ = drawn
    fill(folder, "coder-1", lambda _: "yes")
    fill(folder, "coder-2", lambda _: "no")
    found = labels.read(folder)
    assert set(found.values) == {0.5}
    assert found.confusion.loc["yes", "no"] == 200
    assert found.agreement.estimate < 0


def test_few_events_are_said_and_labels_stand_alone(
    drawn: tuple[Path, dict[Key, bool]],
) -> None:
    folder, _ = drawn
    few = set(list(at(folder))[:3])
    fill(folder, "coder-1", lambda each: "yes" if each in few else "no")
    for each in labels.read(folder).repair().arms:
        assert isnan(each.repaired.estimate)
        assert "fewer than 10: labels alone" in each.note
        assert 0 <= each.alone.low <= each.alone.estimate <= each.alone.high < 0.2
    (gap,) = labels.read(folder).repair().contrasts
    assert isnan(gap.repaired.estimate)
    assert gap.alone.low < gap.alone.estimate < gap.alone.high
    assert gap.note


def test_lines_without_a_label_are_missing_at_random_and_counted(
    drawn: tuple[Path, dict[Key, bool]],
) -> None:
    folder, truth = drawn
    where = at(folder)
    kept = {item.id for item in read_shown(folder).for_coder("coder-1")[:120]}
    fill(folder, "coder-1",
         lambda each: ("yes" if truth[where[each]] else "no") if each in kept else "")  # fmt: skip
    found = labels.read(folder)
    fill(folder, "coder-2", lambda each: "yes" if truth[where[each]] else "no")
    all_of_them = labels.read(folder).repair().arms
    for each, complete in zip(found.repair().arms, all_of_them, strict=True):
        assert (
            each.repaired.high - each.repaired.low > complete.repaired.high - complete.repaired.low
        )
        own = found.drawn["arm"] == each.arm
        missing = int((own & ~found.drawn["id"].isin(kept)).sum())
        assert each.note == f"{missing} drawn without a label, taken as missing at random"
        assert each.labelled == 100 - missing
        whole = [event for (trial, _), event in truth.items() if trial[-1] == each.arm[0]]
        assert near(each.repaired, float(np.mean(whole)))


def test_whole_scenes_give_hazards(tmp_path: Path) -> None:
    tables, truth = played(scenes=40)
    folder = tmp_path / "labels"
    labels.draw(tables, QUESTION, folder, instruments=[judge(tmp_path / "j.csv", truth)],
                plan=labels.Plan(count=40, whole_scenes=True))  # fmt: skip
    where = at(folder)
    assert len(where) == 40 * 16, "every line of a scene is there"
    over: set[tuple[str, bool]] = set()

    def until_first(each: str) -> str:
        trial, turn = where[each]
        actor = (trial, turn % 2 == 0)
        if actor in over:
            return ""  # Nothing is asked after the first event of an actor.
        if truth[trial, turn]:
            over.add(actor)
        return "yes" if truth[trial, turn] else "no"

    fill(folder, "coder-1", until_first)
    found = labels.read(folder).repair()
    assert found.what == "hazard"
    for each, hazard in zip(found.arms, (0.2, 0.4), strict=True):
        assert each.labelled == 20
        assert each.note == ""
        assert near(each.repaired, hazard)


def test_a_scene_that_is_not_coded_whole_does_not_count(tmp_path: Path) -> None:
    tables, truth = played(scenes=20)
    folder = tmp_path / "labels"
    labels.draw(tables, QUESTION, folder, instruments=[judge(tmp_path / "j.csv", truth)],
                plan=labels.Plan(count=24, whole_scenes=True))  # fmt: skip
    where = at(folder)
    gap = next(each for each, (_, turn) in where.items() if turn == 2)
    fill(folder, "coder-1", lambda each: "" if each == gap else "no")
    arms = labels.read(folder).repair().arms
    assert sum(each.labelled for each in arms) == 23
    assert all(each.events == 0 for each in arms)


def test_scenes_of_one_topic_are_one_unit(tmp_path: Path) -> None:
    half = []
    for topics in (1, 5):
        tables, truth = played(topics=topics)
        folder = tmp_path / f"labels{topics}"
        labels.draw(tables, QUESTION, folder, instruments=[judge(tmp_path / "j.csv", truth)],
                    plan=labels.Plan(count=200))  # fmt: skip
        where = at(folder)
        fill(folder, "coder-1", lambda each, at=where: "yes" if truth[at[each]] else "no")  # type: ignore[misc]  # noqa: B023
        found = labels.read(folder).repair()
        half += [each.repaired.high - each.repaired.low for each in found.arms]
        assert found.contrasts[0].paired
        told = {each.note for each in found.arms}
        assert told == ({""} if topics == 1 else {"5 topics are the units"})
    assert half[0] != half[2]
    assert half[1] != half[3]


def test_marks_have_a_mean(tmp_path: Path) -> None:
    tables, truth = played()
    folder = tmp_path / "labels"
    marks = labels.Question("How hostile?", ("0", "1", "2", "3"))
    labels.draw(tables, marks, folder, instruments=[judge(tmp_path / "j.csv", truth)],
                plan=labels.Plan(count=200))  # fmt: skip
    where = at(folder)
    fill(folder, "coder-1", lambda each: "3" if truth[where[each]] else "1")
    found = labels.read(folder).repair()
    assert found.what == "mean"
    for each, share in zip(found.arms, (0.2, 0.4), strict=True):
        assert near(each.repaired, 1 + 2 * share)
    shares = labels.read(folder, event="3").repair()
    assert shares.what == "share"


@pytest.mark.parametrize("how", ["actor", "score", "disagreement"])
def test_unequal_draws_are_weighed(tmp_path: Path, how: str) -> None:
    """The mean over 5 draws: four standard errors."""
    tables, truth = played(scenes=8)
    names = [judge(tmp_path / f"{seed}.csv", truth, seed=seed) for seed in (1, 2)]
    errors = []
    for seed in range(5):
        folder = tmp_path / f"{how}{seed}"
        plan = labels.Plan(count=120, how=how, coders=1, context=0, seed=seed)  # type: ignore[arg-type]
        labels.draw(tables, QUESTION, folder, instruments=names, plan=plan)
        where = at(folder)
        fill(folder, "coder-1", lambda each, at=where: "yes" if truth[at[each]] else "no")  # type: ignore[misc]
        for each in labels.read(folder).repair().arms:
            own = [event for (trial, _), event in truth.items() if trial[-1] == each.arm[0]]
            errors.append(each.repaired.estimate - np.mean(own))
    assert abs(np.mean(errors)) < 4 * np.std(errors) / sqrt(len(errors))


def test_labels_that_chose_a_threshold_may_not_repair(
    drawn: tuple[Path, dict[Key, bool]], tmp_path: Path
) -> None:
    folder, truth = drawn
    where = at(folder)
    fill(folder, "coder-1", lambda each: "yes" if truth[where[each]] else "no")
    labels.read(folder).repair()
    assert labels.choose_threshold(folder) == 1.0
    with pytest.raises(BadRequest, match="may not repair"):
        labels.read(folder).repair()
    tables, _ = played()
    labels.draw(tables, QUESTION, tmp_path / "tuning", plan=labels.Plan(tuning=True))
    fill(tmp_path / "tuning", "coder-1", lambda _: "yes")
    with pytest.raises(BadRequest, match="may not repair"):
        labels.read(tmp_path / "tuning").repair()


def test_without_a_judge_there_are_labels_alone(tmp_path: Path) -> None:
    tables, truth = played()
    labels.draw(tables, QUESTION, tmp_path / "labels", plan=labels.Plan(count=200))
    where = at(tmp_path / "labels")
    fill(tmp_path / "labels", "coder-1", lambda each: "yes" if truth[where[each]] else "no")
    for each in labels.read(tmp_path / "labels").repair().arms:
        assert each.note == "no judge: labels alone"
        assert isnan(each.repaired.estimate)
        assert each.best == each.alone


# --- The folder ----------------------------------------------------------------------------------


def test_a_folder_appears_whole_or_not_at_all(
    drawn: tuple[Path, dict[Key, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = drawn
    tables, _ = played()
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(BadRequest, match="is there already"):
        labels.draw(tables, QUESTION, folder)
    with pytest.raises(BadRequest, match="there is no folder"):
        labels.draw(tables, QUESTION, tmp_path / "a" / "b")
    monkeypatch.setattr("analysis.labels.folder.to_text", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        labels.draw(tables, QUESTION, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_answers_at_the_terminal_outlive_a_torn_line(drawn: tuple[Path, dict[Key, bool]]) -> None:
    folder, _ = drawn
    ids = [item.id for item in read_shown(folder).for_coder("kim")]
    answers = Answers(folder, "kim")
    for identity, label in ((ids[0], "yes"), (ids[1], "no"), (ids[0], "no"), (ids[1], "")):
        answers.give(identity, label)
    answers.close()
    with (folder / "kim.jsonl").open("a") as file:
        file.write('{"id": "')
    again = Answers(folder, "kim")
    assert again.given == {ids[0]: "no"}
    again.give(ids[2], "yes")
    again.close()
    shown = read_shown(folder)
    assert given_labels(folder, shown) == {"kim": {ids[0]: "no", ids[2]: "yes"}}
    assert shown.for_coder("kim") != shown.for_coder("lee")


def test_what_does_not_fit_together_is_refused(
    drawn: tuple[Path, dict[Key, bool]], tmp_path: Path
) -> None:
    folder, _ = drawn
    with pytest.raises(BadRequest, match="nothing is labelled yet"):
        labels.read(folder)
    with pytest.raises(BadRequest, match="is no folder"):
        labels.read(tmp_path / "absent")
    with pytest.raises(BadRequest, match=r"has no items\.json"):
        labels.read(tmp_path)
    fill(folder, "coder-1", lambda _: "yes")
    copy = folder / "coder-1 (copy).csv"
    copy.write_bytes((folder / "coder-1.csv").read_bytes())
    with pytest.raises(BadRequest, match="its name is no coder's"):
        labels.read(folder)
    copy.unlink()
    one = next(iter(at(folder)))
    (folder / "coder-1.jsonl").write_text(json.dumps({"id": one, "label": "no"}) + "\n")
    with pytest.raises(BadRequest, match="in another file of coder-1"):
        labels.read(folder)
    (folder / "coder-1.jsonl").unlink()
    key = json.loads((folder / ".key.json").read_text())
    (folder / ".key.json").write_text(json.dumps(key | {"draw": "another"}))
    with pytest.raises(BadRequest, match="the key of another draw"):
        labels.read(folder)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("conflict.hostilty", "did you mean hostility"),
        ("conflct.hostility", "did you mean conflict"),
        ("refusals.who", "is a text; write refusals.who=VALUE"),
        ("absent.csv:x", "there is no such file"),
    ],
)
def test_an_unknown_instrument_is_refused(tmp_path: Path, name: str, says: str) -> None:
    tables, _ = played(scenes=2)
    with pytest.raises(BadRequest, match=says):
        labels.draw(tables, QUESTION, tmp_path / "labels", instruments=[name])
    assert not (tmp_path / "labels").exists()


def test_measures_are_instruments(tmp_path: Path) -> None:
    tables, _ = played(scenes=3)
    names = ["conflict.hostility", "refusals.who=declined", "fourth_wall.families=*"]
    found = labels.draw(tables, QUESTION, tmp_path / "labels", instruments=names,
                        plan=labels.Plan(count=20, how="disagreement"))  # fmt: skip
    assert sum(found.lines.values()) == 20
    assert found.events == {"kind": 0, SECRET: 0}
