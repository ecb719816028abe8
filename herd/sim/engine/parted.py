"""What an interpreter has one of, and each process is to have its own of.

Where a library keeps one object for everybody, a `Parted` stands in its place: each process has another,
made at its first use, and the real world has the original. What a process has stands in its `own`, and goes
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from herd.sim.engine.process import Process


def of_process(name: str, make: Callable[[], Any]) -> Any:
    """Return what the running process has of something, made at its first use."""
    process = hosted()
    assert process is not None
    own = process.own
    if name not in own:
        own[name] = make()
    return own[name]


def known(name: str) -> Any:
    """Return what the running process has of something; None if it has none yet, or nobody runs."""
    process = hosted()
    return None if process is None else process.own.get(name)


class OfProcess:
    """An attribute of a module: each process has its own, and sets its own.

    The real world's stands in the module itself. `first` is what a process has until it
    sets something: it takes the process.
    """

    def __init__(self, name: str, first: Callable[[Process], Any]) -> None:
        self._name = name
        self._first = first

    def __get__(self, module: Any, _owner: Any = None) -> Any:
        if module is None:
            return self
        process = hosted()
        if process is None:
            return vars(module)[self._name]
        own = process.own
        return own[self._name] if self._name in own else self._first(process)

    def __set__(self, module: Any, value: Any) -> None:
        process = hosted()
        (vars(module) if process is None else process.own)[self._name] = value


class Parted:
    """Stands for an object: each process has another, and the real world the original."""

    def __init__(self, name: str, original: Any, make: Callable[[], Any]) -> None:
        self.__dict__.update(_name=name, _original=original, _make=make)

    def _mine(self) -> Any:
        return self._original if hosted() is None else of_process(self._name, self._make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mine(), name)

    def __bool__(self) -> bool:
        return bool(self._mine())

    def __len__(self) -> int:
        return len(self._mine())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mine())

    def __contains__(self, key: Any) -> bool:
        return key in self._mine()

    def __getitem__(self, key: Any) -> Any:
        return self._mine()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._mine()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._mine()[key]
