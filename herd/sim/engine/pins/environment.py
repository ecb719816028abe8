"""The environment: `os.environ` is, in a hosted program, what its process was started with.

Everybody holds the same `os.environ`, in default arguments too. So it stays the object that it was, and
gets another class, which asks whose turn it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from herd.sim.engine.pins.pin import hosted, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.process import Process

    _Environ = os._Environ[Any]  # noqa: SLF001 - the class of os.environ has no other name
else:
    _Environ = os._Environ  # noqa: SLF001 - likewise


class HostedEnvironment(_Environ):
    """`os.environ` and `os.environb`."""

    def __getitem__(self, key: Any) -> Any:
        process = hosted()
        if process is None:
            return super().__getitem__(key)
        name = os.fsdecode(self.encodekey(key))
        try:
            return self._given(process.environ[name])
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: Any, value: Any) -> None:
        process = hosted()
        if process is None:
            super().__setitem__(key, value)
        else:
            process.environ[os.fsdecode(self.encodekey(key))] = os.fsdecode(self.encodevalue(value))

    def __delitem__(self, key: Any) -> None:
        process = hosted()
        if process is None:
            super().__delitem__(key)
            return
        try:
            del process.environ[os.fsdecode(self.encodekey(key))]
        except KeyError:
            raise KeyError(key) from None

    def __iter__(self) -> Iterator[Any]:
        process = hosted()
        return (
            super().__iter__() if process is None else iter([self._given(name) for name in process.environ])
        )

    def __len__(self) -> int:
        process = hosted()
        return super().__len__() if process is None else len(process.environ)

    def __repr__(self) -> str:
        return super().__repr__() if hosted() is None else f"environ({dict(self)!r})"

    def _given(self, text: str) -> Any:
        return self.decodevalue(os.fsencode(text))


def pin() -> None:
    """Pin the environment."""
    for name in ("environ", "environb"):
        found = cast("Any", getattr(os, name, None))
        if found is not None:
            found.__class__ = HostedEnvironment
    place(os, "putenv", _put)
    place(os, "unsetenv", lambda process, name: process.environ.pop(os.fsdecode(name), None))


def _put(process: Process, name: str | bytes, value: str | bytes) -> None:
    process.environ[os.fsdecode(name)] = os.fsdecode(value)
