"""The index of the embedded gazetteer: built once per machine and user, from the table in the wheel.

The index's name carries a digest of its data, so a new wheel builds a new one and two versions live side by
side. Whoever finds none takes a lock (which the system releases even if its holder dies), looks again, and
builds; the others wait and find it. It appears under its name only when it is whole.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.core.errors import HerdError
from herd.places import directory, gazetteer
from herd.places.tree import FORMAT, Tree, probe, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from herd.places.tree import Progress

_LOCK_POLL_S: Final = 0.05
"""How often a waiting process looks whether the builder is done: nobody feels it, and it costs nothing."""


@frozen
class Index:
    """An index that is ready: where it is, whether this call built it, and what an operator should know."""

    path: Path
    built: bool
    warning: str


class Stopped(HerdError):  # noqa: N818  # what happened
    """The building was told to stop, and left nothing behind."""

    def __init__(self) -> None:
        super().__init__("the index of places was not built: told to stop")


def find_index(environ: Mapping[str, str], table: Path = gazetteer.TABLE) -> Path | None:
    """Return the path of a usable index of the table, or None; never waits and never writes."""
    probe()
    digest = _digest(table)
    name = _file_name(digest)
    temporary = directory.temporary_directory(environ)
    homes = [temporary] if directory.is_private(temporary) else []
    with suppress(HerdError):  # no home directory: only the temporary one is left
        homes.insert(0, directory.cache_directory(environ))
    return next((path for path in (home / name for home in homes) if _is_usable(path, digest)), None)


def build_index(
    environ: Mapping[str, str],
    progress: Progress | None = None,
    stop: threading.Event | None = None,
    table: Path = gazetteer.TABLE,
) -> Index:
    """Return the index, built now if there is none: about 4 seconds and 30 MB; else a millisecond.

    `progress(done, total)` is called in this thread while it builds. Setting `stop` from another thread ends
    a building or waiting with `Stopped`. A `HerdError` says why the index cannot be built and what to do.
    """
    if path := find_index(environ, table):
        return Index(path, built=False, warning="")
    home, warning = _writable_home(environ)
    digest = _digest(table)
    path = home / _file_name(digest)
    stop = stop or threading.Event()
    try:
        with _lock(path.with_name(f"{path.name}.lock"), stop) as is_alone:
            if _is_usable(path, digest):
                return Index(path, built=False, warning=warning)
            if is_alone:
                _sweep(path)
            _build(path, table, digest, progress, stop)
    except OSError as error:
        raise HerdError(f"the index of places {path} could not be built: {error}") from error
    return Index(path, built=True, warning=warning)


def _build(path: Path, table: Path, digest: str, progress: Progress | None, stop: threading.Event) -> None:
    def report(done: int, total: int | None) -> None:
        if stop.is_set():
            raise Stopped
        if progress is not None:
            progress(done, total)

    facts = {"attribution": gazetteer.ATTRIBUTION, "digest": digest}
    header = gazetteer.read_header(table)
    write_tree(path, gazetteer.read_places(table), facts, total=header.count, progress=report)


def _sweep(path: Path) -> None:
    """Remove what builders left behind that were killed."""
    for part in path.parent.glob(f"{path.name}.*.part"):
        part.unlink(missing_ok=True)


def _digest(table: Path) -> str:
    """Return what the index's content depends on: the table, how it is read, and the index's layout."""
    how = repr((gazetteer.read_header(table).version, gazetteer.KINDS, gazetteer.ATTRIBUTION, FORMAT))
    return hashlib.sha256(how.encode()).hexdigest()[:12]


def _file_name(digest: str) -> str:
    return f"gazetteer-{digest}.sqlite"


def _is_usable(path: Path, digest: str) -> bool:
    """Tell whether an index is there and sound; a broken one (a full disk, a lost write) is built again."""
    if not os.access(path, os.R_OK):
        return False
    try:
        tree = Tree(path)
    except HerdError:
        return False
    tree.close()
    return tree.facts.get("digest") == digest


def _writable_home(environ: Mapping[str, str]) -> tuple[Path, str]:
    """Return the directory that the index goes to, and a warning if that is not the cache directory."""
    try:
        home = directory.cache_directory(environ)
        directory.make_writable(home)
    except (OSError, HerdError) as error:
        why = error
    else:
        return home, ""
    home = directory.temporary_directory(environ)
    try:
        directory.make_private(home)
    except OSError as error:
        raise HerdError(
            f"there is nowhere to build the index of places ({why}; {error}); set HERD_CACHE to a directory"
            " that can be written"
        ) from error
    return home, (
        f"the cache directory cannot be written ({why}); the index of places is in {home} instead,"
        " and is built again when that is emptied; set HERD_CACHE to a directory that can be written"
    )


@contextmanager
def _lock(path: Path, stop: threading.Event) -> Iterator[bool]:
    """Wait for the lock and hold it; or tell that the file system has none: two builders do no harm."""
    with path.open("ab") as held:
        while not stop.is_set():
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                stop.wait(_LOCK_POLL_S)
            except OSError:
                yield False
                return
            else:
                yield True
                return
        raise Stopped
