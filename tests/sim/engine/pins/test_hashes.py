"""Sets of protocols walk in the same order at every run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from attrs import define, frozen
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Factory, Protocol

from herd.sim.engine.pins import hashes
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

KINDS = (Protocol, Factory, ClientFactory, Deferred)


def test_a_set_walks_in_the_order_in_which_it_was_filled(process: Process) -> None:
    hashes.reset()
    with hosted(process):
        made = [kind() for kind in KINDS * 50]
        assert [hash(each) for each in made] == list(range(1, 201))
        assert list(set(made)) == made


def test_a_simulation_begins_to_count_anew(process: Process) -> None:
    with hosted(process):
        hash(Protocol())
        hashes.reset()
        assert hash(Protocol()) == 1


def test_a_hash_is_kept_from_one_world_to_the_other(process: Process) -> None:
    outside, inside = Protocol(), Protocol()
    table = {outside: "outside"}
    with hosted(process):
        table[inside] = "inside"
        assert table[outside] == "outside"
    assert table[inside] == "inside"


@pytest.mark.usefixtures("simulation")
@given(st.integers(0, 3))
def test_outside_a_hash_is_what_it_was(kind: int) -> None:
    made = KINDS[kind]()
    assert hash(made) == object.__hash__(made)


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
        assert hash(Protocol()) < 100
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_class_keeps_a_hash_of_its_own(process: Process) -> None:
    @frozen
    class Point(Protocol):
        x: int

    @define
    class Mutable(Protocol):
        x: int

    with hosted(process):
        assert hash(Point(1)) == hash(Point(1))
        assert Point(1) in {Point(1)}
        with pytest.raises(TypeError, match="unhashable"):
            hash(Mutable(1))


def test_a_frozen_class_and_one_with_slots_are_counted(process: Process) -> None:
    @frozen(eq=False)
    class Frozen(Protocol):
        x: int

    class Slotted:
        __slots__ = ("hash_number",)
        __hash__ = hashes.counted_hash

    hashes.reset()
    with hosted(process):
        assert (hash(Frozen(1)), hash(Slotted())) == (1, 2)
