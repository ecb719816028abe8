"""What `sys` holds of one process: its arguments and its standard streams.

Test runners put streams of their own into `sys` between tests, so ours cannot stand there for good: they do
while a simulation runs. Nor can they be all: a program may put another stream there. So `sys` has a class
meanwhile that keeps for each process what it has put there; and for the interpreter, which looks beneath it
(`print` does), a stream that leads to the same.
"""

from __future__ import annotations

import io
import sys
from collections.abc import MutableSequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from herd.sim.engine.parted import OfProcess
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class HostedSys(ModuleType):
    """The class of `sys` while a simulation runs: what a program puts there is its process's own."""

    stdout = OfProcess("stdout", lambda _process: _streams["stdout"])
    stderr = OfProcess("stderr", lambda _process: _streams["stderr"])
    stdin = OfProcess("stdin", lambda _process: _streams["stdin"])
    excepthook = OfProcess("excepthook", lambda _process: sys.__excepthook__)
    displayhook = OfProcess("displayhook", lambda _process: sys.__displayhook__)

    @property
    def argv(self) -> Any:
        """The process's arguments."""
        process = hosted()
        return vars(self)["argv"] if process is None else process.argv

    @argv.setter
    def argv(self, value: Any) -> None:
        process = hosted()
        if process is None:
            vars(self)["argv"] = value
        else:
            process.argv = value


_streams: Final[dict[str, Any]] = {}
"""The streams of processes that have put none of their own into `sys`."""


class Routed:
    """What stands in `sys` itself, where the interpreter looks: it leads to the running process's stream."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        stream = self._name
        process = hosted()
        own = None if process is None else process.own.get(stream)
        return getattr(_streams[stream] if own is None else own, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.__getattr__("__iter__")())


@contextmanager
def hosted_streams() -> Iterator[None]:
    """Let `sys.stdout`, `stderr`, `stdin` and `argv` ask whose turn it is."""
    if type(sys) is HostedSys:
        yield
        return
    saved = (sys.stdout, sys.stderr, sys.stdin, sys.argv)
    _streams.update(
        stdout=HostedOutput(sys.stdout), stderr=HostedOutput(sys.stderr), stdin=HostedInput(sys.stdin)
    )
    for name in _streams:
        setattr(sys, name, Routed(name))
    sys.argv = cast("list[str]", HostedArguments(sys.argv))
    sys.__class__ = HostedSys
    try:
        yield
    finally:
        sys.__class__ = ModuleType
        sys.stdout, sys.stderr, sys.stdin, sys.argv = saved


class HostedOutput(io.TextIOBase):
    """A standard stream to write to: the process's output, or the real stream."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, real: Any) -> None:
        self._real = real

    def write(self, text: str, /) -> int:
        """Write text."""
        process = hosted()
        if process is None:
            written: int = self._real.write(text)
            return written
        process.write_output(text)
        return len(text)

    def flush(self) -> None:
        """Do what the real stream does; a process's output is never held back."""
        # Whoever holds it may outlive the real one.
        if hosted() is None and not getattr(self._real, "closed", False):
            self._real.flush()

    def isatty(self) -> bool:
        """Tell whether it is a terminal: a hosted program has none."""
        return hosted() is None and bool(self._real.isatty())

    def fileno(self) -> int:
        """Return the real stream's descriptor; a hosted program has none."""
        if hosted() is not None:
            raise io.UnsupportedOperation("fileno: a hosted program's streams have no descriptor")
        number: int = self._real.fileno()
        return number

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    @property
    def buffer(self) -> Any:
        """Take bytes."""
        return self._real.buffer if hosted() is None else _Bytes(self)


class _Bytes:
    """The stream of bytes behind a process's output."""

    def __init__(self, stream: HostedOutput) -> None:
        self._stream = stream

    def write(self, data: bytes, /) -> int:
        """Write bytes: UTF-8, or what is shown in the place of others."""
        self._stream.write(bytes(data).decode(errors="backslashreplace"))
        return len(data)

    def flush(self) -> None:
        """Do nothing."""


class HostedInput(io.TextIOBase):
    """Standard input: a hosted program's is at its end, as that of a daemon is."""

    encoding = "utf-8"

    def __init__(self, real: Any) -> None:
        self._real = real

    def read(self, size: int | None = -1, /) -> str:
        """Read text."""
        text: str = self._real.read(size) if hosted() is None else ""
        return text

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        """Read a line."""
        text: str = self._real.readline(size) if hosted() is None else ""
        return text

    def isatty(self) -> bool:
        """Tell whether it is a terminal: a hosted program has none."""
        return hosted() is None and bool(self._real.isatty())

    def fileno(self) -> int:
        """Return the real stream's descriptor; a hosted program has none."""
        if hosted() is not None:
            raise io.UnsupportedOperation("fileno: a hosted program's streams have no descriptor")
        number: int = self._real.fileno()
        return number

    def readable(self) -> bool:
        """Tell that it can be read from."""
        return True


class HostedArguments(MutableSequence[str]):
    """`sys.argv`."""

    def __init__(self, real: list[str]) -> None:
        self._real = real

    def _own(self) -> list[str]:
        process = hosted()
        return self._real if process is None else process.argv

    def __getitem__(self, index: Any) -> Any:
        return self._own()[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        self._own()[index] = value

    def __delitem__(self, index: Any) -> None:
        del self._own()[index]

    def __len__(self) -> int:
        return len(self._own())

    def insert(self, index: int, value: str) -> None:
        """Put an argument before another."""
        self._own().insert(index, value)

    def copy(self) -> list[str]:
        """Return them in a list."""
        return list(self._own())

    def __add__(self, other: Iterable[str]) -> list[str]:
        return [*self._own(), *other]

    def __eq__(self, other: object) -> bool:
        return self._own() == (list(other) if isinstance(other, HostedArguments) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._own())
