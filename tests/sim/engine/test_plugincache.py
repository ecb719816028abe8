"""Plugins of hosted programs: what the disk has, looked up once in a simulation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from twisted.plugin import getPlugins
from zope.interface import Interface

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class IFruit(Interface):
    """What the plugins of these tests are."""


DROPIN = """
from zope.interface import implementer
from twisted.plugin import IPlugin
from tests.sim.engine.test_plugincache import IFruit

@implementer(IPlugin, IFruit)
class Fruit:
    name = "{name}"

fruit = Fruit()
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package for plugins, with one in it."""
    directory = tmp_path / "fruitstand"
    directory.mkdir()
    (directory / "__init__.py").touch()
    put(directory, "pear")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield directory
    for name in [each for each in sys.modules if each.partition(".")[0] == "fruitstand"]:
        del sys.modules[name]


def put(directory: Path, name: str) -> None:
    (directory / f"a{name}.py").write_text(DROPIN.format(name=name), encoding="utf-8")


def found(simulation: Simulation, host: str) -> list[str]:
    """What a program on a host finds."""
    names: list[str] = []

    def program(reactor: Any) -> None:
        del reactor
        import fruitstand  # type: ignore[import-not-found] # noqa: PLC0415 - the fixture makes it

        names.extend(sorted(plugin.name for plugin in getPlugins(IFruit, fruitstand)))  # type: ignore[attr-defined]

    simulation.host(host).start(Call(program))
    simulation.run(simulation.now_ns / 1e9 + 1.0)
    assert simulation.problems == []
    return names


def test_a_simulation_finds_what_was_there_when_it_first_looked(package: Path) -> None:
    simulation = Simulation()
    assert found(simulation, "a") == ["pear"]
    put(package, "plum")
    assert found(simulation, "b") == ["pear"]
    simulation.close()


def test_the_next_simulation_finds_what_has_come(package: Path) -> None:
    for names in (["pear"], ["pear", "plum"]):
        simulation = Simulation()
        assert found(simulation, "a") == names
        simulation.close()
        put(package, "plum")
