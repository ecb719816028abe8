"""Sets of protocols walk in the same order at every run."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest
from attrs import define, frozen
from hypothesis import given
from hypothesis import strategies as st
from twisted.application.service import Service
from twisted.cred.credentials import UsernamePassword
from twisted.internet.abstract import FileDescriptor
from twisted.internet.defer import Deferred, DeferredLock, DeferredQueue, DeferredSemaphore
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from twisted.internet.task import Clock, Cooperator, LoopingCall
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.test.requesthelper import DummyChannel

from herd.sim.engine.pins import hashes
from herd.sim.engine.process import Process
from herd.sim.engine.simulation import Simulation
from tests.house.finding import ROOT
from tests.sim.engine.pins.hosting import Idle, hosted

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: tuple[Callable[[], object], ...] = (
    Protocol,
    Factory,
    ClientFactory,
    Deferred,
    FileDescriptor,
    Service,
    Resource,
    partial(LoopingCall, print),
    Clock,
    Cooperator,
    DeferredLock,
    DeferredQueue,
    partial(DeferredSemaphore, 1),
    lambda: Failure(ValueError()),
    lambda: TCP4ClientEndpoint(Clock(), "a", 1),
    lambda: HTTPConnectionPool(Clock()),
    lambda: Agent(Clock()),
    partial(UsernamePassword, b"a", b"b"),
    lambda: Request(DummyChannel(), None),  # type: ignore[arg-type]
)


def filled(seed: int) -> list[int]:
    """The numbers of what was put into a set, in the order in which it walks."""
    with hosted(Process(Simulation(seed).host("web"), Idle(), {}, None)):
        made: list[object] = [kind() for kind in KINDS * 50]
        walked = list(set(made))
    return [made.index(each) for each in walked]


@pytest.mark.usefixtures("simulation")
def test_a_set_walks_in_an_order_that_depends_on_the_seed_alone() -> None:
    first = filled(1)
    assert filled(1) == first
    assert sorted(filled(2)) == sorted(first)
    assert filled(2) != first


def test_simulations_that_take_turns_do_not_mix() -> None:
    first, second = (Process(Simulation(5).host("web"), Idle(), {}, None) for _ in range(2))
    hashes_of: dict[Process, list[int]] = {first: [], second: []}
    for each in (first, second, second, first):
        with hosted(each):
            hashes_of[each].append(hash(Protocol()))
    assert hashes_of[first] == hashes_of[second]


def test_a_hash_is_kept_from_one_world_to_the_other(process: Process) -> None:
    outside, inside = Protocol(), Protocol()
    table = {outside: "outside"}
    with hosted(process):
        table[inside] = "inside"
        assert table[outside] == "outside"
    assert table[inside] == "inside"


@pytest.mark.usefixtures("simulation")
@given(st.integers(0, len(KINDS) - 1))
def test_outside_a_hash_is_what_it_was(kind: int) -> None:
    made: object = KINDS[kind]()
    assert hash(made) in {object.__hash__(made), id(made)}


def test_what_was_hashed_before_the_pin_is_still_found() -> None:
    program = """if True:
        from twisted.internet.protocol import Protocol, Factory
        from twisted.internet.defer import Deferred
        table = {kind(): kind for kind in (Protocol, Factory, Deferred)}
        from herd.sim.engine import current, pins
        from herd.sim.engine.simulation import Simulation
        from herd.sim.engine.process import Process
        from tests.sim.engine.pins.hosting import Idle
        pins.install()
        current.process = Process(Simulation().host("web"), Idle(), {}, None)
        assert all(table[each] is type(each) for each in list(table))
        fresh = Protocol()
        assert hash(fresh) != object.__hash__(fresh)
        current.process = None
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_what_lives_already_and_has_another_hash_or_none_is_left_alone() -> None:
    program = """if True:
        from dataclasses import dataclass
        from attrs import frozen
        from twisted.application.service import Service
        from twisted.internet.protocol import Protocol
        @dataclass
        class Unhashable(Service):
            port: int
        @frozen
        class Raising(Protocol):
            parts: list
        there = [Unhashable(80), Raising([1])]
        from herd.sim.engine.simulation import Simulation
        Simulation().close()
        assert [hasattr(each, "hash_number") for each in there] == [False, False]
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_a_class_keeps_a_hash_of_its_own(process: Process) -> None:
    @frozen
    class Point(Protocol):
        x: int

    @define
    class Mutable(Protocol):
        x: int

    with hosted(process):
        assert hash(Point(1)) == hash(Point(1))
        assert len({Point(1), Point(1)}) == 1
        with pytest.raises(TypeError, match="unhashable"):
            hash(Mutable(1))


def test_a_frozen_class_and_one_with_slots_are_numbered(process: Process) -> None:
    @frozen(eq=False)
    class Frozen(Protocol):
        x: int

    class Slotted:
        __slots__ = ("hash_number",)
        __hash__ = hashes.numbered_hash

    with hosted(process):
        frozen_one, slotted = Frozen(1), Slotted()
        assert hash(frozen_one) == hash(frozen_one) != object.__hash__(frozen_one)
        assert hash(slotted) == slotted.hash_number  # type: ignore[attr-defined]
