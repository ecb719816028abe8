"""A pin: what stands in the place of a function, and asks at each call whose turn it is.

It has to be harmless wherever the original was. A builtin that is an attribute of a class takes no `self`,
but a Python function there would: so a pin is a `staticmethod`, which can be called as it is, and which a
class hands out without binding it. Pickled and copied it is its name, as the original was.

Only one thread is the simulation's. Others, such as a test runner's, live in the real world even while a
process is current, and must not draw from its randomness.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import update_wrapper
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import current
from herd.sim.engine.native import Dispatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from herd.sim.engine.process import Process

    Inside = Callable[..., Any]
    """What answers in a hosted program: it takes the process, then what the original takes."""

PLACED: Final[dict[Any, Pin]] = {}
"""Every function that was pinned, with its pin."""


class Pin(staticmethod):  # type: ignore[type-arg]
    """A dispatcher in the place of a function."""

    def __reduce__(self) -> str:
        """Return its name: a pin is pickled as a function is."""
        return self.__name__

    def __instancecheck__(self, instance: object) -> bool:
        """Answer `isinstance(x, select.epoll)`, for some that are pinned were classes."""
        return isinstance(instance, _original(self))

    def __subclasscheck__(self, subclass: type) -> bool:
        """Answer `issubclass` likewise."""
        return issubclass(subclass, _original(self))

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[type, ...]:
        """Let a class inherit from the original."""
        return (_original(self),)

    def __getattr__(self, name: str) -> Any:
        """Give what else the original had, such as a class's other constructors."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(_original(self), name)


def _original(pin: Any) -> Any:
    """Return what was pinned: a pin wraps its dispatcher, and that wraps the original."""
    return pin.__wrapped__.__wrapped__


def hosted() -> Process | None:
    """Return the process whose turn it is; None in the real world and in threads that are not simulated."""
    process = current.process
    return process if process is None or get_ident() == current.thread else None


@contextmanager
def outside() -> Iterator[None]:
    """Let nobody be current for a while: the simulator itself needs the real world."""
    process, current.process = current.process, None
    try:
        yield
    finally:
        current.process = process


def place(owner: ModuleType, name: str, inside: Inside) -> None:
    """Put a pin in the place of a module's function; nothing where this system has no such function."""
    original = getattr(owner, name, None)
    if original is None:
        return

    def dispatcher(*args: Any, **kwargs: Any) -> Any:
        process = current.process
        if process is None or get_ident() != current.thread:
            return original(*args, **kwargs)
        return inside(process, *args, **kwargs)

    _put(owner, name, original, dispatcher)


def place_plain(owner: ModuleType, name: str, inside: Callable[[Any], Any]) -> None:
    """Put a pin in the place of a function without arguments: as fast as it can be made."""
    original = getattr(owner, name)
    _put(owner, name, original, Dispatcher(original, inside))


def place_method(owner: type, name: str, inside: Inside) -> None:
    """Put a dispatcher in the place of a method of a class in Python: all who hold the class have it.

    `inside` takes the process, then the instance, then the arguments.
    """
    original: Any = owner.__dict__[name]

    def dispatcher(self: Any, *args: Any, **kwargs: Any) -> Any:
        process = current.process
        if process is None or get_ident() != current.thread:
            return original(self, *args, **kwargs)
        return inside(process, self, *args, **kwargs)

    setattr(owner, name, update_wrapper(dispatcher, original))


def place_new(owner: Any, inside: Inside) -> None:
    """Ask, before an instance of a class in Python is made: none is half made when that is an error.

    `inside` takes the process, then the class, then the arguments; what it returns is the instance.
    """
    original = owner.__new__
    takes_nothing = original is object.__new__

    def dispatcher(cls: Any, *args: Any, **kwargs: Any) -> Any:
        process = current.process
        if process is None or get_ident() != current.thread:
            return original(cls) if takes_nothing else original(cls, *args, **kwargs)
        return inside(process, cls, *args, **kwargs)

    owner.__new__ = update_wrapper(dispatcher, original)


def _put(owner: ModuleType, name: str, original: Any, dispatcher: Any) -> None:
    update_wrapper(dispatcher, original)
    dispatcher.__name__ = dispatcher.__qualname__ = name
    dispatcher.__module__ = owner.__name__
    PLACED[original] = pin = Pin(dispatcher)
    setattr(owner, name, pin)
