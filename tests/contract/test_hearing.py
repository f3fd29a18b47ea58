"""Nobody's prompt ever holds what it did not hear: a slice of ``benchmarks.validity.leaks``."""

from __future__ import annotations

import pytest
from backstage.effort import effort

from benchmarks.validity import leaks


@pytest.mark.parametrize("first", range(0, 1500, 250))
def test_no_prompt_holds_what_its_actor_did_not_hear(first: int) -> None:
    assert leaks.study(effort(100, 250), workers=1, first=first) == []


def test_the_oracle_sees_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the test above would show nothing: break what decides, and it is found out."""
    monkeypatch.setattr("sim.layouts.contexts.heard_by", lambda name, event: bool(event.text))
    assert leaks.study(100, workers=1)
