"""The folder that a draw makes, and what lies in it.

    items.json     what coders are shown: the question, and the lines without anything that tells
                   where they are from; whoever codes needs this file alone
    .key.json      which line is which, with what probability it was drawn, all scores: not to be
                   opened before coding is over
    NAME.csv, NAME.txt   sheets of a coder, to be filled in (either will do)
    NAME.jsonl     what a coder answered at the terminal, one answer a line; the last one counts

The folder appears whole or not at all. An answer at the terminal is on the disk before the next
line is shown, and a process that is killed in the middle of writing loses that answer alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.labels.sample import Plan
from analysis.labels.sheet import Item, Question, in_order, labels_in, to_csv, to_text
from sim.errors import BadRequest, RunFailed
from sim.input_files import read_text
from sim.output_files import write_text
from sim.seeds import Stream, derive

ITEMS = "items.json"
KEY = ".key.json"
VERSION = 1

_NAME = re.compile(r"\w[\w.-]*")
"""The name of a coder."""

_SHEETS = (".csv", ".txt", ".tsv")
_ANSWERS = ".jsonl"


@dataclass(frozen=True)
class Shown:
    """What coders are shown: the question, the lines, and the draw that they belong to."""

    question: Question
    items: tuple[Item, ...]
    draw: str

    def for_coder(self, name: str) -> list[Item]:
        """The lines in the coder's own order, the same every time; lines of a scene stay in order.

        Every beginning of it is a simple sample of what was drawn, so coding may stop anywhere.
        """
        groups = dict.fromkeys(item.scene or item.id for item in self.items)
        order = Stream(derive(0, "labels", self.draw, name)).shuffled(groups)
        return in_order(self.items, order)


def check_coder(name: str) -> str:
    """The name of a coder, which names files. Raises ``BadRequest``."""
    if not _NAME.fullmatch(name) or name.casefold() == Path(ITEMS).stem:
        raise BadRequest(f"--coder {name!r}: is no name; use letters, digits, - and _")
    return name


def write_folder(
    folder: Path | str, shown: Shown, key: Mapping[str, Any], coders: int,
    given: Mapping[str, Mapping[str, str]] | None = None,
) -> None:  # fmt: skip
    """Write a new folder, whole or not at all, with a sheet for each coder, or with the labels by
    id that coders have ``given`` already.

    Raises ``BadRequest`` if there is something under its name, or no place for it.
    """
    target = Path(folder)
    try:
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except (OSError, ValueError) as error:
        raise BadRequest(f"-o {target}: cannot be used ({error}); use another path") from None
    if taken:
        raise BadRequest(f"-o {target}: is there already, and may hold labels; use another name")
    if not target.parent.is_dir():
        raise BadRequest(f"-o {target}: there is no folder {target.parent}; create it first")
    draft = target.with_name(f".elsinore.{os.getpid()}.new")
    try:
        draft.mkdir()
        record = {
            "version": VERSION, "draw": shown.draw, "question": asdict(shown.question),
            "items": [asdict(item) for item in shown.items],
        }  # fmt: skip
        _write(draft / ITEMS, record)
        _write(draft / KEY, {"version": VERSION, "draw": shown.draw, **key})
        for number in range(1, coders + 1):
            name = f"coder-{number}"
            items = shown.for_coder(name)
            write_text(draft / f"{name}.csv", "\ufeff" + to_csv(items), "-o")
            write_text(draft / f"{name}.txt", to_text(items, shown.question), "-o")
        for name, labels in (given or {}).items():
            rows = [_answer(identity, label) for identity, label in labels.items()]
            write_text(draft / f"{check_coder(name)}{_ANSWERS}", "".join(rows), "-o")
        os.replace(draft, target)
    except PermissionError as error:
        raise BadRequest(f"-o {target}: {error.strerror}; use another path") from None
    except OSError as error:
        raise RunFailed(f"-o {target}: cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_shown(folder: Path | str) -> Shown:
    """What coders of a folder are shown. Raises ``BadRequest`` if it is no folder of labels."""
    record = _read(Path(folder) / ITEMS)
    try:
        asked = record["question"]
        question = Question(asked["text"], tuple(asked["values"]), asked["event"])
        items = tuple(
            Item(each["id"], each["speaker"], each["line"], tuple(each["before"]), each["scene"])
            for each in record["items"]
        )
        return Shown(question, items, record["draw"])
    except (KeyError, TypeError):
        raise BadRequest(f"{folder}: {ITEMS} is not as elsinore label draw wrote it") from None


def read_key(folder: Path | str) -> dict[str, Any]:
    """The key of a folder. Raises ``BadRequest`` if there is none, or it is of another draw."""
    path = Path(folder) / KEY
    key = _read(path)
    if key.get("draw") != read_shown(folder).draw:
        raise BadRequest(f"{path}: is the key of another draw; put its own key beside {ITEMS}")
    return key


def rewrite_key(folder: Path | str, key: Mapping[str, Any]) -> None:
    """Write the key of a folder anew."""
    write_text(Path(folder) / KEY, json.dumps(key, ensure_ascii=False), "labels")


def plan_of(key: Mapping[str, Any]) -> Plan:
    """The plan of a draw, from its key."""
    return Plan(**key["plan"])


# --- What coders gave ----------------------------------------------------------------------------


class Answers:
    """The answers of a coder at the terminal, each on the disk as soon as it is given."""

    def __init__(self, folder: Path | str, coder: str) -> None:
        self.path = Path(folder) / f"{check_coder(coder)}{_ANSWERS}"
        whole = _whole_lines(self.path)
        self.given = _answers(whole)
        """The answers by the id of the line."""
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
            # A line that was torn off by a kill would spoil the next.
            os.ftruncate(self._file, len(whole))
            os.lseek(self._file, 0, os.SEEK_END)
        except OSError as error:
            raise BadRequest(f"{self.path}: cannot be written ({error.strerror})") from None

    def give(self, identity: str, label: str) -> None:
        """Keep an answer; a blank one takes an earlier one back."""
        row = _answer(identity, label)
        try:
            os.write(self._file, row.encode())
            os.fsync(self._file)
        except OSError as error:
            raise RunFailed(f"{self.path}: cannot be written ({error.strerror})") from error
        self.given.pop(identity, None)
        if label:
            self.given[identity] = label

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _answer(identity: str, label: str) -> str:
    return json.dumps({"id": identity, "label": label}) + "\n"


def given_labels(folder: Path | str, shown: Shown) -> dict[str, dict[str, str]]:
    """The labels of every coder by the id of the line, from sheets and from the terminal.

    Coders who gave none are left out. Raises ``BadRequest`` for a cell that cannot be read, or two
    different labels of one line by one coder.
    """
    ids = [item.id for item in shown.items]
    found: dict[str, dict[str, str]] = {}
    for path in sorted(Path(folder).iterdir()):
        if path.name.startswith((".", "~")) or path.suffix.lower() not in (*_SHEETS, _ANSWERS):
            continue
        if not _NAME.fullmatch(path.stem):
            # A copy that somebody made would count as a coder who agrees with the first.
            raise BadRequest(f"{path}: its name is no coder's; move it, or name it after who coded")
        if path.suffix == _ANSWERS:
            terminal = _answers(_whole_lines(path))
            labels = {
                each: shown.question.read(label, str(path)) for each, label in terminal.items()
            }
            unknown = sorted(set(labels) - set(ids))
            if unknown:
                raise BadRequest(f"{path}: there is no line {unknown[0]!r} in these labels")
        else:
            text = read_text(path, lenient=True)
            labels = labels_in(text, str(path), shown.question, ids)
        own = found.setdefault(path.stem, {})
        for each, label in labels.items():
            if own.setdefault(each, label) != label:
                raise BadRequest(
                    f"{path}: {each} is {label!r} here and {own[each]!r} in another file of "
                    f"{path.stem}; blank one of them"
                )
    return {name: labels for name, labels in found.items() if labels}


def _whole_lines(path: Path) -> bytes:
    """The content of a file up to its last line end; nothing if there is no file."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise BadRequest(f"{path}: cannot be read ({error.strerror})") from None
    return content[: content.rfind(b"\n") + 1]


def _answers(content: bytes) -> dict[str, str]:
    """The last answer to each line; blank ones take earlier ones back."""
    found: dict[str, str] = {}
    for line in content.splitlines():
        try:
            row = json.loads(line)
            found[str(row["id"])] = str(row["label"])
        except (ValueError, KeyError, TypeError):
            continue  # Whatever an editor or a broken disk left there is no answer.
    return {identity: label for identity, label in found.items() if label}


def _write(path: Path, record: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(record, ensure_ascii=False), "-o")


def _read(path: Path) -> dict[str, Any]:
    if not path.parent.is_dir():
        raise BadRequest(f"{path.parent}: is no folder; make one with elsinore label draw")
    if not path.exists():
        raise BadRequest(
            f"{path.parent}: has no {path.name}; is it a folder of elsinore label draw?"
        )
    try:
        record = json.loads(path.read_bytes())  # Of a large store the key is large.
    except OSError as error:
        raise BadRequest(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise BadRequest(f"{path}: is no JSON ({error})") from None
    if not isinstance(record, dict) or record.get("version") != VERSION:
        raise BadRequest(f"{path}: is of another version; use the Elsinore that wrote it")
    return record
