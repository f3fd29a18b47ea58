"""An export that is read back: the same export comes out, or nothing goes in."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path

import pytest

import analysis
import sim
from sim.formats import FormatError
from sim.runs.importing import import_file
from sim.store import export_jsonl, open_store
from sim.store.soundness import verify
from sim.tournament import Entrant


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trials with probes and interventions, yoked ones, branches, and a tournament."""
    folder = tmp_path_factory.mktemp("played")
    store = folder / "s.db"
    sim.run("cross_purposes", trials=2, parameters={"turns": 6}, store=store, surrogates=["yoked"])
    results = sim.run("luigi_gauntlet", trials=1, store=store)
    sim.fork(results.trial(results.ids[0]), at=5, n=2, drop=True)
    sim.run("whisper_chain", trials=1, store=store)
    sim.Tournament(
        name="cup",
        entrants=[Entrant(name="one"), Entrant(name="two")],
        motions=["The town should sell its spring."],
        judges=["embedded:base"],
    ).run(store)
    export_jsonl(store, folder / "s.jsonl")
    return folder / "s.jsonl"


def test_the_same_export_comes_out_again(played: Path, tmp_path: Path) -> None:
    store, again = tmp_path / "r.db", tmp_path / "r.jsonl"
    found = import_file(played, store)
    assert found.format.name == "elsinore"
    export_jsonl(store, again)
    assert again.read_bytes() == played.read_bytes()
    assert verify(store).sound
    assert import_file(played, store).known == found.conversations
    export_jsonl(store, again)
    assert again.read_bytes() == played.read_bytes(), "once more adds nothing"


def test_measures_read_an_export(played: Path) -> None:
    tables = analysis.load(played)
    assert len(tables.answers) > 0
    assert analysis.convergence(tables).by_arm["value"].notna().any()


def test_broken_anywhere_nothing_goes_in(played: Path, tmp_path: Path) -> None:
    lines = played.read_bytes().splitlines(keepends=True)
    whole = b"".join(lines[:40])
    generator = random.Random(5)
    for number in range(100):
        broken = bytearray(whole)
        broken[generator.randrange(len(broken))] = generator.randrange(256)
        path, store = tmp_path / "b.jsonl", tmp_path / f"{number}.db"
        path.write_bytes(broken)
        with suppress(FormatError):
            import_file(path, store, form="elsinore")
            continue
        with open_store(store) as opened:
            assert not opened.trials(), "all or nothing"
    path.write_bytes(whole + b"{}\n")
    with pytest.raises(FormatError, match="line 41: is no record of an export"):
        import_file(path, tmp_path / "last.db", form="elsinore")


def test_trials_that_did_not_end_are_left_out(played: Path, tmp_path: Path) -> None:
    lines = played.read_text(encoding="utf-8").splitlines()
    first = json.loads(lines[0])
    path, store = tmp_path / "u.jsonl", tmp_path / "u.db"
    changed = json.dumps({**first, "status": "planned"})
    path.write_text("\n".join([changed, *lines[1:]]), encoding="utf-8")
    import_file(path, store)
    with open_store(store) as opened:
        assert first["trial"] not in opened.ids()
        assert all(trial.status == "done" for trial in opened.trials())
