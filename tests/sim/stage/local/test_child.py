"""The child process: it ends with us, however we end, and is started again after a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.calls.retry import Retry
from sim.errors import ModelError, StageClosed, StageError
from sim.layouts.prompt import Prompt
from sim.stage.base import Request
from sim.stage.local import child as child_module
from sim.stage.local.stage import GgufStage, open_gguf
from sim.stage.providers.sampling import Sampling

PROMPT = Prompt.start("text", "ADA: Good evening, Ben.\n\nBEN:")
REQUEST = Request(PROMPT, 1, "Ben", max_tokens=3)

_PARENT = """
import asyncio, sys, time
from sim.stage.open import open_model
stage = open_model(sys.argv[1])
print(asyncio.run(stage.connected()).serving.pid, flush=True)
time.sleep(600)
"""


def runs(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not runs(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_the_child_ends_when_its_parent_is_killed(model: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, model],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
        assert runs(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert ends(child, 10)


async def test_after_a_crash_the_call_is_made_again_by_a_new_child(stage: GgufStage) -> None:
    assert (await stage.perform(REQUEST)).finish == "length"
    starts, first = stage.child.starts, (await stage.connected()).serving.pid
    os.kill(first, signal.SIGKILL)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    reply = await Retry(stage, sleep=sleep).perform(REQUEST)
    assert reply.text
    assert stage.child.starts == starts + 1
    assert (await stage.connected()).serving.pid != first
    assert set(reply.retries) <= {"connection", "cut"}


async def test_a_crash_during_a_call_is_a_transient_error(stage: GgufStage) -> None:
    import asyncio

    pid = (await stage.connected()).serving.pid
    call = asyncio.create_task(stage.perform(Request(PROMPT, 1, "Ben", max_tokens=1500)))
    await asyncio.sleep(1)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(StageError) as caught:
        await call
    assert caught.value.transient
    assert caught.value.reason in ("connection", "cut")


async def test_closing_ends_the_process_and_a_call_starts_it_again(model: str) -> None:
    stage = open_gguf(model, Sampling(max_tokens=2))
    pid = (await stage.connected()).serving.pid
    await stage.close()
    await stage.close()
    assert not stage.child.lives
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_file_that_is_no_model_closes_the_stage(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "broken.gguf"
    file.write_bytes(b"GGUF" + bytes(1000))
    stage = open_gguf(f"gguf:{file}", Sampling())
    with pytest.raises(StageClosed, match="while it loaded the model"):
        await stage.perform(REQUEST)
    await stage.close()


def test_without_llama_cpp_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"pip install 'elsinore\[local\]'"):
        open_gguf("gguf:gemma3-270m", Sampling())
