"""What every format of transcripts promises: it knows its own files, reads them the same each time,
and refuses what is damaged by one message."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.formats.conversation import About, Conversation, Person, Utterance
from sim.formats.format import Format, FormatError, ReadOptions
from sim.formats.registry import LEAST, head_of
from sim.testing.promises import Broken, kept

DAMAGES = 60
"""In so many ways a sample is damaged: cut, or with a few bytes changed."""


def check_format(form: Format, samples: Sequence[Path | str]) -> None:
    """Check a format of transcripts on files of its own.

    It says what it is; it recognises each of the ``samples`` and takes an empty file for nothing;
    it reads each twice the same, with somebody who speaks; a sample that is cut or altered is read
    or refused by ``FormatError``, and nothing else happens; and what it writes, if it can, it reads
    again with the same words. Raises ``Broken``.

    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("speaker,text\\nAnn,Hello\\nBen,No.\\n")
    >>> from sim.formats.registry import named
    >>> check_format(named("csv"), [folder / "a.csv"])
    """
    says_what_it_is(form)
    kept(samples, f"{form.name}: there is no sample; give a file of that format at least")
    for sample in map(Path, samples):
        recognises(form, sample)
        reads_the_same(form, sample)
        stands_damage(form, sample)
    if form.loses:
        reads_what_it_wrote(form)


def says_what_it_is(form: Format) -> None:
    """A name, and one line about it."""
    kept(form.name and form.name == form.name.strip(), f"{form!r}: has no name")
    kept(form.about, f"{form.name}: about is blank; say in a line what it is")
    kept("\n" not in form.about + form.loses, f"{form.name}: about and loses are one line each")


def recognises(form: Format, sample: Path) -> None:
    """How well its own file fits, and that nothing does not."""
    fit = form.fits(head_of(sample))
    kept(0 <= fit <= 1, f"{form.name}: {sample.name} fits it {fit}; a fit is from 0 to 1")
    kept(
        fit >= LEAST,
        f"{form.name}: {sample.name} fits it {fit}, and under {LEAST} a file is of no format",
    )
    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder) / "nothing"
        nothing.write_bytes(b"\x00\x01\x02" * 50)
        kept(
            form.fits(head_of(nothing)) < LEAST,
            f"{form.name}: takes bytes without any sense for its own; fits is to look closer",
        )


def reads_the_same(form: Format, sample: Path) -> None:
    """Two readings give the same, and somebody speaks."""
    one, two = (_read(form, sample) for _ in range(2))
    kept(one == two, f"{form.name}: reads {sample.name} otherwise a second time")
    kept(
        any(isinstance(each, Utterance) for each in one),
        f"{form.name}: nobody says anything in {sample.name}",
    )


def stands_damage(form: Format, sample: Path, seed: int = 1) -> None:
    """A cut or altered file is read, or refused by ``FormatError``."""
    if sample.is_dir():
        return
    whole = sample.read_bytes()
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / sample.name
        for _ in range(DAMAGES):
            path.write_bytes(_damaged(whole, chance))
            try:
                _read(form, path)
            except FormatError:
                continue
            except Exception as error:
                raise Broken(
                    f"{form.name}: on a damaged {sample.name} it raises {type(error).__name__}: "
                    f"{error}; raise FormatError (sim.formats.wrong) with the line"
                ) from error


def _damaged(whole: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.5:
        return whole[: chance.randrange(len(whole) + 1)]
    bytes_ = bytearray(whole)
    for _ in range(chance.randrange(1, 5)):
        if bytes_:
            bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
    return bytes(bytes_)


def reads_what_it_wrote(form: Format) -> None:
    """What it writes it reads again, with the same speakers and words."""
    said = [("Ann", "Shall we sell?"), ("Ben", "Never: „never“."), ("Ann", "Why not?")]
    conversation = Conversation(
        About("one", "The spring", people=(Person("Ann"), Person("Ben"))),
        [Utterance(speaker, text, "one") for speaker, text in said],
    )
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / f"written.{form.name}"
        form.write(iter([conversation]), path)
        found = [
            (each.speaker, each.text) for each in _read(form, path) if isinstance(each, Utterance)
        ]
        kept(found == said, f"{form.name}: wrote {said} and read {found}")
    finally:
        shutil.rmtree(folder)


def _read(form: Format, path: Path) -> list[About | Utterance]:
    def records() -> Iterator[About | Utterance]:
        left_out = yield from form.read(path, ReadOptions())
        for what, count in left_out.items():
            kept(what and count >= 0, f"{form.name}: left out {count} {what!r}")

    return list(records())
