"""What the experiments share: log-probabilities that have to be there, and rows that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.errors import ModelError
from sim.layouts.prompt import Prompt
from sim.stage.base import Request, Stage, info_of


async def log_prob(stage: Stage, prompt: Prompt, text: str, speaker: str) -> float:
    """log p(text | prompt) in nats. Raises ``ModelError`` if the model gives none."""
    value = await stage.log_prob(Request(prompt, 0, speaker), text)
    if value is None:
        why = info_of(stage).why_no_log_prob or "it gives no log-probabilities"
        raise ModelError(f"{stage.identity}: {why}; use another model")
    return value.value


class Rows:
    """Rows of one model in a file of JSON lines: what is there is not done again."""

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model
        path.parent.mkdir(parents=True, exist_ok=True)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                row = json.loads(line)
                if row["model"] == self.model:
                    yield row

    def append(self, row: Mapping[str, Any]) -> None:
        """Keep a row."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"model": self.model, **row}) + "\n")
