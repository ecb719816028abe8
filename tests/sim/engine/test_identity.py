"""Objects of a program's own classes hash alike at every run; no class behaves otherwise than as written."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Script
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from pathlib import Path

WALK = """
    from twisted.internet.protocol import Protocol

    class Plain:
        def __init__(self, number):
            self.number = number

    class Slotted(Plain):
        __slots__ = ("number",)

    class Peer(Protocol):
        def __init__(self, number):
            self.number = number

    for kind in (Plain, Slotted, Peer):
        print(*[each.number for each in {kind(number) for number in range(20)}])
"""


def played(path: Path, seed: int = 1) -> list[str]:
    simulation = Simulation(seed)
    process = simulation.host("host").start(Script(path))
    simulation.run(1)
    simulation.close()
    assert simulation.problems == []
    return process.output


def test_a_set_is_walked_in_the_same_order_at_every_run(tmp_path: Path) -> None:
    script = tmp_path / "walk.py"
    script.write_text(dedent(WALK))
    here = played(script)
    assert played(script) == here
    again = (
        "from pathlib import Path\n"
        "from tests.sim.engine.test_identity import played\n"
        f"print(*played(Path({str(script)!r})), sep='', end='')"
    )
    there = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True)
    assert there.stdout.splitlines(keepends=True) == here


def test_another_seed_walks_it_in_another_order(tmp_path: Path) -> None:
    script = tmp_path / "walk.py"
    script.write_text(dedent(WALK))
    assert len({tuple(played(script, seed)[0]) for seed in range(5)}) == 5


CLASSES = """
    import abc, collections, dataclasses, enum, typing
    import attr, attrs
    from zope.interface import Interface, implementer
    from twisted.python.components import proxyForInterface

    class Plain: pass
    class Object(object): pass
    class Equal:
        def __eq__(self, other): return True
    class Hashed:
        def __hash__(self): return 5
    class Both:
        def __eq__(self, other): return True
        def __hash__(self): return 6
    class Child(Plain): pass
    class Generic(typing.Generic[typing.TypeVar("T")]): pass
    class Shape(typing.Protocol):
        def area(self) -> int: ...
    class Square(Shape): pass
    class Abstract(abc.ABC): pass
    class Concrete(Abstract): pass
    class Meta(type): pass
    class Made(metaclass=Meta): pass
    class Color(enum.Enum):
        RED = 1
    class Tuple(typing.NamedTuple):
        x: int = 1
    class Typed(typing.TypedDict): pass
    class Text(str): pass
    class Failed(Exception): pass
    class IThing(Interface): pass
    @implementer(IThing)
    class Thing: pass
    class Slots: __slots__ = ()
    @dataclasses.dataclass
    class Data: x: int = 0
    @dataclasses.dataclass(frozen=True)
    class Frozen: x: int = 0
    @dataclasses.dataclass(eq=False)
    class Different: x: int = 0
    @attrs.define
    class Define: x: int = 0
    @attrs.frozen
    class AttrsFrozen: x: int = 0
    @attrs.define(eq=False)
    class AttrsDifferent: x: int = 0
    @attr.s
    class Old: x = attr.ib(default=0)
    class Later(Plain, Hashed): pass
    class LaterStill(Plain, Both): pass
    class OneMore(Later): pass
    class Ordered(Plain, collections.OrderedDict): pass

    kinds = {name: each for name, each in list(globals().items()) if isinstance(each, type)}
    kinds = {name: each for name, each in kinds.items() if each.__module__ == __name__}

    def told(kind):
        try:
            made = kind(1) if kind is Color else kind()
        except TypeError as error:
            return "cannot be made"
        try:
            number = hash(made)
        except TypeError:
            return "unhashable"
        if number in (5, 6) or isinstance(made, str):
            return "by value"
        try:
            return "by identity" if hash(kind()) != number else "by value"
        except TypeError:
            return "by value"

    for name, kind in kinds.items():
        print(name, told(kind), len(kind.__mro__) >= 2)
"""


def test_classes_hash_as_they_were_written(tmp_path: Path) -> None:
    script = tmp_path / "classes.py"
    script.write_text(dedent(CLASSES))
    plain = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    hosted = played(script)
    assert [line for line in hosted if not line.startswith("Slots ")] == [
        line for line in plain.stdout.splitlines(keepends=True) if not line.startswith("Slots ")
    ]
    # Nothing can be remembered of it: all of a class share one hash.
    assert "Slots by value True\n" in hosted


def test_a_hash_lasts_as_long_as_its_object(tmp_path: Path) -> None:
    script = tmp_path / "last.py"
    text = """
        class Plain: pass
        kept = Plain()
        number = hash(kept)
        for _ in range(1000):
            hash(Plain())
        assert hash(kept) == number
        assert vars(kept) == {}
        assert kept in {kept}
        """
    script.write_text(dedent(text))
    assert played(script) == []


@pytest.mark.parametrize("bases", ["", "(object)", "(dict)", "(Exception)"])
def test_bases_that_a_program_names_stay_first(bases: str, tmp_path: Path) -> None:
    script = tmp_path / "bases.py"
    script.write_text(
        f"class Plain{bases}: pass\nprint(Plain.__mro__[0].__name__, Plain.__mro__[-1].__name__)"
    )
    assert played(script) == ["Plain object\n"]
