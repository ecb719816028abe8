"""Hashes by number: sets of protocols, transports and their like walk in the same order at every run.

By default the hash of an object is its address, which differs from run to run, and a set walks in the order
of hashes. So the classes of Twisted that programs put into sets get a `__hash__` that is drawn: the first
time that an object is asked, it takes the next number of its simulation, and keeps it. The numbers depend on
the seed, so that a program which relies on some order of a set fails under another seed.

An object must keep its hash for life, or a dict loses it. Those that were hashed before the pin have been
filed under their address, and none of them tells; so the pin gives every object of these classes that lives
already the address as its number. Outside of any process the number is the address too, and kept: an object
that goes from one world into the other keeps what it got first. Objects that were frozen (`gc.freeze`) and
hashed before the pin came are the one case left: nothing lists them, and they must not be hashed by a hosted
program.

A class with an `__eq__` or `__hash__` of its own has its own hash still. The number stands in the instance's
`__dict__`, or in a slot `hash_number`, where one is.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from twisted.application.service import Service
from twisted.internet import defer, task
from twisted.internet.abstract import FileDescriptor
from twisted.internet.base import BaseConnector
from twisted.internet.protocol import BaseProtocol, Factory
from twisted.python.failure import Failure

from herd.sim.engine.chance import Stream
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

    from herd.sim.engine.simulation import Simulation

_SPARE_BITS: Final = 4
"""Python keeps 61 bits of a hash."""
_CLASSES: Final[tuple[Any, ...]] = (BaseProtocol, Factory, FileDescriptor, BaseConnector, Service, Failure)
_MODULES: Final = (defer, task)
LATER: Final = (
    "twisted.cred.checkers",
    "twisted.cred.credentials",
    "twisted.cred.portal",
    "twisted.internet.endpoints",
    "twisted.web.client",
    "twisted.web.http",
    "twisted.web.resource",
    "twisted.web.server",
)
"""Modules whose classes are numbered once something has imported them."""
_OWN: Final = {"twisted.web.http": ["Request"]}
"""Classes with a hash of their own that is the address."""


_streams: Final[WeakKeyDictionary[Simulation, Stream]] = WeakKeyDictionary()


def numbered_hash(self: Any) -> int:
    """Return the number of an object: the `__hash__` of what is numbered."""
    try:
        number: int = self.hash_number
    except AttributeError:
        process = hosted()
        number = object.__hash__(self) if process is None else _next(process.simulation)
        object.__setattr__(self, "hash_number", number)
    return number


_BY_ADDRESS: Final = (object.__hash__, numbered_hash)
"""The hashes of classes that define none of their own: not those of a dataclass, nor None."""


def _next(simulation: Simulation) -> int:
    stream = _streams.get(simulation)
    if stream is None:
        stream = _streams[simulation] = Stream(simulation.seed)
    return stream.bits() >> _SPARE_BITS


def pin() -> None:
    """Let what Twisted's programs put into sets be numbered."""
    number(*_CLASSES, *(each for module in _MODULES for each in _classes_of(module)))


def number_module(module: ModuleType) -> None:
    """Let the objects of all classes of a module be numbered that hash by their address."""
    number(*_classes_of(module), *(getattr(module, each) for each in _OWN.get(module.__name__, ())))


def number(*owners: Any) -> None:
    """Let the objects of some classes be numbered, and of those that inherit from them."""
    numbered = dict.fromkeys(_family(owners))
    by_address = dict.fromkeys([*_BY_ADDRESS, *(owner.__hash__ for owner in owners)])
    for each in gc.get_objects():
        # Not isinstance: it asks proxies, which may do anything then.
        kind = type(each)
        if kind in numbered and kind.__hash__ in by_address:
            object.__setattr__(each, "hash_number", hash(each))
    for owner in owners:
        owner.__hash__ = numbered_hash


def _classes_of(module: ModuleType) -> list[type]:
    """Return the classes that a module defines whose objects hash by their address, and can keep a number."""
    return [
        each
        for each in vars(module).values()
        if issubclass(type(each), type)  # not isinstance: it asks proxies
        and each.__module__ == module.__name__
        and each.__hash__ in _BY_ADDRESS
        and each.__dictoffset__
        and not issubclass(each, BaseException)
    ]


def _family(classes: Iterable[type]) -> Iterator[type]:
    """Give classes and all that inherit from them."""
    for owner in classes:
        yield owner
        yield from _family(type.__subclasses__(owner))
