"""What is a program's own: not the name of a library, but plugins beside a script, and its builtins."""

from __future__ import annotations

import builtins
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import twisted.plugins

from herd.sim.engine.programs import Script
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from herd.sim.engine.process import Process


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


@pytest.fixture
def play(simulation: Simulation, tmp_path: Path) -> Callable[..., list[Process]]:
    """Run the first of these files on two hosts, which give it their names."""

    def play(files: dict[str, str]) -> list[Process]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        script = tmp_path / next(iter(files))
        processes = [simulation.host(name).start(Script(script, name)) for name in ("one", "other")]
        simulation.run(10)
        assert [problem.text for problem in simulation.problems] == []
        return processes

    return play


PLUGIN = """
import sys
from zope.interface import implementer
from twisted.plugin import IPlugin
from meadow import IFlower

@implementer(IPlugin, IFlower)
class Flower:
    host = sys.argv[1]

flower = Flower()
"""


def test_a_directory_gives_way_to_a_library_and_its_plugins_are_found(
    play: Callable[..., list[Process]], tmp_path: Path
) -> None:
    processes = play(
        {
            "program.py": """
                import sys
                from twisted.internet import reactor
                from twisted.plugin import getPlugins
                from meadow import IFlower
                import twisted.plugins.daisy
                from twisted.plugins import daisy

                print([plugin.host for plugin in getPlugins(IFlower)])
                print(daisy.flower.host, daisy is sys.modules["twisted.plugins.daisy"], twisted.__name__)
                """,
            "meadow.py": "from zope.interface import Interface\nclass IFlower(Interface): pass",
            "twisted/plugins/daisy.py": PLUGIN,
            "twisted/internet/reactor.py": "raise RuntimeError",
        }
    )
    assert [process.output[0] for process in processes] == ["['one']\n", "['other']\n"]
    assert [process.output[1].split()[0] for process in processes] == ["one", "other"]
    assert not (tmp_path / "twisted" / "plugins" / "dropin.cache").exists()
    assert not any(str(tmp_path) in each for each in twisted.plugins.__path__)
    assert "twisted.plugins.daisy" not in sys.modules


def test_a_directory_that_no_library_has_the_name_of_is_the_programs(
    play: Callable[..., list[Process]],
) -> None:
    processes = play(
        {
            "program.py": "from parts import one\none.seen.append(1)\nprint(one.seen)",
            "parts/one.py": "seen = []",
        }
    )
    assert [process.output for process in processes] == [["[1]\n"], ["[1]\n"]]


def test_a_package_with_code_goes_before_a_library(play: Callable[..., list[Process]]) -> None:
    processes = play({"program.py": "import treq\nprint(treq.name)", "treq/__init__.py": "name = 'own'"})
    assert [process.output for process in processes] == [["own\n"], ["own\n"]]


def test_what_a_program_puts_among_the_builtins_it_alone_sees(
    play: Callable[..., list[Process]],
) -> None:
    processes = play(
        {
            "program.py": """
                import builtins, gettext, sys
                if sys.argv[1] == "one":
                    gettext.install("app")
                    builtins.extra = len
                    builtins.sum = max
                import part
                print(sorted({"_", "extra"} & set(vars(builtins))), sum([1, 2]), builtins.sum([1, 2]))
                """,
            "part.py": """
                try:
                    print(_("word"), extra("word"))
                except NameError as error:
                    print(error)
                """,
        }
    )
    one, other = processes
    assert one.output == ["word 4\n", "['_', 'extra'] 2 2\n"]
    assert other.output == ["name '_' is not defined\n", "[] 3 3\n"]
    assert not hasattr(builtins, "_")
    assert not hasattr(builtins, "extra")
