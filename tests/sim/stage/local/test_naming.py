"""What a ``gguf:`` string says: the weights, and how they are run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sim.errors import ModelError
from sim.stage.local.naming import CONTEXT, SLOTS, read_model
from sim.stage.local.stage import open_gguf
from sim.stage.providers.sampling import Sampling, read_identity


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "mine.gguf"
    path.write_bytes(b"GGUF and so on")
    return path


def test_a_file_is_known_by_its_name_and_its_sum(file: Path) -> None:
    model = read_model(f"gguf:{file}")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert model.identity == f"gguf:mine.gguf?sha256={digest[:16]}"
    assert model.weights().path == file
    assert (model.threads, model.context, model.slots) == (None, CONTEXT, SLOTS)


def test_the_folder_changes_nothing_and_the_bytes_do(file: Path, tmp_path: Path) -> None:
    first = read_model(f"gguf:{file}").identity
    (tmp_path / "other").mkdir()
    moved = file.rename(tmp_path / "other" / "mine.gguf")
    assert read_model(f"gguf:{moved}").identity == first
    moved.write_bytes(b"GGUF and something else")
    assert read_model(f"gguf:{moved}").identity != first


def test_speed_is_no_part_of_the_identity_and_the_context_is(file: Path) -> None:
    plain = read_model(f"gguf:{file}").identity
    assert read_model(f"gguf:{file}?threads=3&slots=8").identity == plain
    assert read_model(f"gguf:{file}?context=512").identity == f"{plain}&context=512"


def test_an_identity_opens_the_same_model_again(model: str) -> None:
    stage = open_gguf("gguf:gemma3-270m?context=512&threads=1", Sampling(temperature=0.5))
    read = read_identity(stage.identity)
    assert read is not None
    assert open_gguf(*read).identity == stage.identity


def test_a_sum_that_is_asked_for_has_to_be_that_of_the_file(file: Path) -> None:
    own = read_model(f"gguf:{file}").sha256
    assert read_model(f"gguf:{file}?sha256={own}").sha256 == own
    with pytest.raises(ModelError, match="these are other weights"):
        read_model(f"gguf:{file}?sha256={'0' * 16}")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("slots=0", "slots=0 is no whole number from 1 to 64"),
        ("context=12", "from 256 to"),
        ("threads=two", "threads=two is no whole number"),
        ("threads=²", "is no whole number"),
        ("thread=2", "no setting 'thread'; did you mean threads?"),
        ("slots=2&slots=3", "'slots' is given twice"),
        ("sha256=abc", "16 to 64 digits"),
        ("slots", "slots= is no whole number"),
    ],
)
def test_settings_that_are_none(file: Path, query: str, message: str) -> None:
    with pytest.raises(ModelError, match=message.replace("?", r"\?")):
        read_model(f"gguf:{file}?{query}")


def test_no_such_file_no_such_name_no_such_form(file: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no file .*/nowhere\.gguf"):
        read_model(f"gguf:{file.parent}/nowhere.gguf")
    with pytest.raises(ModelError, match="did you mean gemma3-270m"):
        read_model("gguf:gemma3-27m")
    file.write_bytes(b"PK and so on")
    with pytest.raises(ModelError, match="is no GGUF file"):
        read_model(f"gguf:{file}")


def test_a_local_model_takes_no_address(model: str) -> None:
    with pytest.raises(ModelError, match="takes no base_url"):
        open_gguf(model, Sampling(base_url="http://localhost:8000/v1"))
