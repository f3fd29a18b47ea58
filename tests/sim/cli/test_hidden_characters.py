"""Names and paths with characters that nobody sees: shown as escapes, quoted for a shell."""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.text.printing import command_line, one_line, shell_word, visible

Command = Callable[..., "subprocess.CompletedProcess[str]"]

HIDDEN = "a\u200bb\u180ec\U000e0041d\u00ade\u2060f\u202eg\u3164.db"
NASTY = "it's $HOME `x` \x1b[31m\u200b\\.db"


def hidden_in(text: str) -> set[str]:
    kinds = ("Cc", "Cf", "Zl", "Zp", "Cs")
    return {each for each in text if each != "\n" and unicodedata.category(each) in kinds}


@given(st.text())
def test_nothing_hidden_is_printed(text: str) -> None:
    assert not hidden_in(one_line(text))
    assert hidden_in(visible(text)) <= {"\t", "\u200c", "\u200d"}
    assert "\n" not in one_line(text)
    one_line(text).encode("utf-8")


@pytest.mark.parametrize("word", ["plain", "two words", "it's", HIDDEN, NASTY, "$(id)", "", "-n"])
def test_a_shell_reads_back_what_was_quoted(word: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"printf %s {shell_word(word)}"], capture_output=True, check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.stdout.decode() == word
    assert not hidden_in(shell_word(word))


@pytest.mark.parametrize("name", [HIDDEN, NASTY])
def test_a_store_with_an_odd_name(name: str, folder: Path, inside: Command) -> None:
    run = inside("run", "mine.py:trio", "-n", 1, "--store", f"runs/{name}")
    assert run.returncode == 0
    trial = run.stdout.rpartition("elsinore show ")[2].split("\n")[0].rpartition(" ")[2]
    store = f"runs/{name}"
    for arguments in (
        ("show", store), ("show", store, trial), ("show", store, "ffff"), ("show", f"{store}x"),
        ("verify", store), ("prune", store), ("graph", store, "--arm", f"model={name}"),
        ("fork", store, trial, "--at", 2, "-n", 2, "--drop"), ("ask", store, trial, f"{name}?"),
        ("run", f"{name}.py:x"), ("run", "mine.py:trio", "--store", f"{store}/x.db"),
        ("export", store, "-o", f"{name}/x"), ("explain", name), ("check", f"openai:{name}"),
    ):  # fmt: skip
        done = inside(*arguments)
        assert not hidden_in(done.stdout), arguments
        assert not hidden_in(done.stderr), arguments
        assert "Traceback" not in done.stderr
    assert command_line("show", store, trial) in run.stdout
    (folder / "runs" / name).rename(folder / "runs" / "plain.db")


@pytest.mark.parametrize("length", [216, 217, 240, 300])
def test_a_name_that_is_too_long_is_a_sentence(length: int, inside: Command) -> None:
    done = inside("run", "mine.py:trio", "-qn1", "--store", f"{'x' * length}.db")
    assert done.returncode == (0 if length + 3 <= 220 else 2), done.stderr
    if done.returncode:
        assert "use at most 220" in done.stderr
        assert done.stderr.count("\n") == 1
