"""``elsinore verify``: whether a store is as it was written."""

from __future__ import annotations

import json

from sim.cli.options import Json, Level, LogLevel, Store
from sim.errors import StoreDamaged


def verify(store: Store, as_json: Json = False, log_level: LogLevel = Level.warning) -> None:
    """Check a store: SQLite's own check, the hashes, and that every trial is whole.

    Exit code 1 if something is wrong. Nothing is changed.
    """
    from sim.cli.display.terminal import command_line, one_line, out
    from sim.store.soundness import verify as check

    found = check(store)
    count = len(found.problems) + found.more
    if as_json:
        record = {"sound": found.sound, "checked": found.checked, "problems": found.problems}
        out().out(json.dumps({**record, "count": count}))
    else:
        for problem in found.problems:
            out().print(one_line(problem), markup=False, highlight=False, soft_wrap=True)
        if found.more:
            out().print(f"and {found.more:,} more")
        if found.sound:
            told = ", ".join(f"{what} {number:,}" for what, number in found.checked.items())
            out().print(
                f"{one_line(str(store))} is sound: {told or 'it is empty'}", highlight=False
            )
    if not found.sound:
        raise StoreDamaged(
            f"store {store}: is damaged, {count:,} problem{'' if count == 1 else 's'}; what can be "
            f"read is saved by: {command_line('recover', store, '-o', 'NEW.db')}"
        )
