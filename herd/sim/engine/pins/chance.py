"""Randomness: all that a hosted program draws comes from the source of its process.

That is the hidden generator behind the functions of `random`, the seed of a `random.Random()` (its seeding
in C goes around `os.urandom`), the operating system's randomness and what is made of it (`secrets`,
`SystemRandom`, `uuid4`), and the names of temporary files. A program that seeds the hidden generator gets
what that seed gives anywhere, for itself alone.
"""

from __future__ import annotations

import _random
import os
import random
import ssl
import tempfile
import uuid
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.pins.pin import place, place_method, place_plain
from herd.sim.engine.pins.state import Drawn, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.pins.pin import Inside
    from herd.sim.engine.process import Process

_SEED_BITS: Final = 256
_GENERATOR: Final = _random.Random
_LOCAL_NODE: Final = 0x02 << 40
"""A MAC address that a network's administrator gives: no card is sold with it."""
_GREGORIAN_100NS: Final = 0x01B21DD213814000
"""From 1582, where the time in a UUID begins, to 1970."""


def pin() -> None:
    """Pin randomness."""
    hidden = random._inst  # noqa: SLF001 - the generator behind the module
    special: dict[str, Inside] = {"seed": _seed, "getstate": _getstate, "setstate": _setstate}
    for name in sorted(vars(random)):
        if getattr(getattr(random, name), "__self__", None) is hidden:
            place(random, name, special.get(name) or _drawn(name))
    place(_random, "Random", _generator)
    place_method(random.Random, "seed", _seeding(random.Random.seed))
    place(os, "urandom", _bytes)
    place(os, "getrandom", lambda process, size, _flags=0: _bytes(process, size))
    place(ssl, "RAND_bytes", _bytes)
    place_plain(uuid, "getnode", lambda process: _LOCAL_NODE | process.host.index)
    place(uuid, "uuid1", _uuid1)
    place(tempfile, "_get_candidate_names", lambda process: state_of(process).temporary_names())
    place(tempfile, "_gettempdir", _temporary_directory)


def _drawn(name: str) -> Inside:
    def inside(process: Process, *args: Any, **kwargs: Any) -> Any:
        return getattr(state_of(process).random, name)(*args, **kwargs)

    return inside


def _seed(process: Process, a: Any = None, version: int = 2) -> None:
    if a is None:
        state_of(process).random = Drawn(process.random)
    else:
        generator = random.Random(0)  # noqa: S311 - what a program uses, it gets
        generator.seed(a, version)
        state_of(process).random = generator


def _getstate(process: Process) -> tuple[Any, ...]:
    state = state_of(process)
    if isinstance(state.random, Drawn):
        state.random = random.Random(process.random.getrandbits(_SEED_BITS))  # noqa: S311 - likewise
    return state.random.getstate()


def _setstate(process: Process, saved: tuple[Any, ...]) -> None:
    generator = random.Random(0)  # noqa: S311 - likewise
    generator.setstate(saved)
    state_of(process).random = generator


def _seeding(original: Callable[..., None]) -> Inside:
    def inside(process: Process, self: random.Random, a: Any = None, version: int = 2) -> None:
        original(self, process.random.getrandbits(_SEED_BITS) if a is None else a, version)

    return inside


def _generator(process: Process, *seed: Any) -> Any:
    """Make what `random.Random` is made of, for who asks for it by itself."""
    return _GENERATOR(*seed or [process.random.getrandbits(_SEED_BITS)])


def _bytes(process: Process, size: int) -> bytes:
    if size < 0:
        raise ValueError("negative argument not allowed")
    return process.random.getrandbits(8 * size).to_bytes(size, "big") if size else b""


def _uuid1(process: Process, node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
    """Make a UUID of the host's clock, its node and a drawn sequence number."""
    state = state_of(process)
    moment = max(process.wall_ns() // 100 + _GREGORIAN_100NS, state.last_uuid_time + 1)
    state.last_uuid_time = moment
    sequence = process.random.getrandbits(14) if clock_seq is None else clock_seq
    fields = (
        moment & 0xFFFFFFFF,
        moment >> 32 & 0xFFFF,
        moment >> 48 & 0x0FFF,
        sequence >> 8 & 0x3F,
        sequence & 0xFF,
        _LOCAL_NODE | process.host.index if node is None else node,
    )
    return uuid.UUID(fields=fields, version=1)


def _temporary_directory(process: Process) -> str:
    """Return TMPDIR, or a directory among the host's own files: in a shared one names would be taken."""
    given = process.environ.get("TMPDIR")
    if given:
        return given
    path = process.host.files / "tmp"
    path.mkdir(exist_ok=True)
    return str(path)
