"""Hashes of objects that are the same at every run.

An object's default hash is its address, so a set of objects is walked in another order at each run. Classes
of hosted programs that would inherit that hash get one that counts instead: the number of the object among
those that were ever hashed in its simulation, mixed with the seed. One seed always gives one order; another
seed gives another, as another run on a real machine would.

Such a class has `Identity` among its bases, rather than a `__hash__` of its own, so that dataclasses and
attrs see the class as it was written. A class that compares or hashes by value keeps doing so.
"""

from __future__ import annotations

import builtins
import types
import typing
import weakref
from abc import ABCMeta
from typing import Any, Final, Protocol

from herd.sim.engine.pins.pin import hosted

_MASK: Final = (1 << 64) - 1
_HASH_MASK: Final = (1 << 60) - 1
_PLAIN_METACLASSES: Final = frozenset({type, ABCMeta, type(Protocol)})
_build_class: Final = builtins.__build_class__
_HASH_OF_OBJECT: Final = object.__hash__
_hashed: Final[dict[int, _Hashed]] = {}
"""By id: the hashes of the objects that live."""
_counted: Final[weakref.WeakKeyDictionary[Any, int]] = weakref.WeakKeyDictionary()
"""How many objects were hashed, by simulation."""


class _Hashed(weakref.ref[Any]):
    """A hash, as long as its object lives."""

    __slots__ = ("id", "value")
    id: int
    value: int


def identity_hash(self: Any) -> int:
    """Return an object's hash by identity; instead of `object.__hash__`."""
    known = _hashed.get(id(self))
    if known is not None:
        return known.value
    try:
        new = _Hashed(self, _forget)
    except TypeError:
        # Nothing can be remembered of it: all of its class share a hash, which is slow in large sets.
        return len(type(self).__qualname__)
    new.id = id(self)
    new.value = _next_hash()
    _hashed[new.id] = new
    return new.value


def _forget(gone: _Hashed) -> None:
    del _hashed[gone.id]


class _Outside:
    """What is hashed while no process runs: where a scenario builds, and in its steps and checks."""

    number = 0
    seed = 0


def begin(seed: int) -> None:
    """Count anew what is hashed while no process runs: a simulation begins."""
    _Outside.number = 0
    _Outside.seed = seed


def _next_hash() -> int:
    process = hosted()
    simulation: Any = None if process is None else process.simulation
    if simulation is None:
        _Outside.number += 1
        return _mix(_Outside.number ^ _mix(~_Outside.seed & _MASK))
    number = _counted.get(simulation, 0) + 1
    _counted[simulation] = number
    return _mix(number + _mix(simulation.seed))


def _mix(number: int) -> int:
    """Scatter a number over 60 bits (the finalizer of splitmix64)."""
    number = (number * 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return (number ^ (number >> 31)) & _HASH_MASK


class Identity:
    """A base of classes whose objects are hashed by identity."""

    __slots__ = ()
    __hash__ = identity_hash


def with_identity() -> dict[str, Any]:
    """Return Python's builtins for a module whose classes are a program's."""
    return {**vars(builtins), "__build_class__": build_class}


def build_class(function: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
    """Make a class of a program: what a `class` statement calls."""
    if _hashes_by_address(types.resolve_bases(bases), keywords.get("metaclass", type)):
        bases = (*bases[:-1], Identity, object) if bases and bases[-1] is object else (*bases, Identity)
        return _build_class(function, name, *bases, **keywords)
    made = _build_class(function, name, *bases, **keywords)
    if len(bases) > 1 and getattr(made, "__hash__", None) is identity_hash:
        _prefer_others(made)
    return made


def _hashes_by_address(bases: tuple[Any, ...], metaclass: Any) -> bool:
    """Tell whether a class with these bases would inherit `object.__hash__`, and may have another base."""
    if metaclass not in _PLAIN_METACLASSES or typing.Protocol in bases:
        return False
    return all(
        type(base) in _PLAIN_METACLASSES
        and base.__hash__ is _HASH_OF_OBJECT
        and not issubclass(base, type | BaseException)
        for base in bases
    )


def _prefer_others(made: Any) -> None:
    """Give a class the hash that one of its bases defines, where `Identity`'s hides it."""
    for base in made.__mro__:
        own = vars(base).get("__hash__", identity_hash)
        if own is not identity_hash:
            if base is not object:
                made.__hash__ = own
            return
