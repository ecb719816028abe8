"""Each process has the modules of its program for itself, by whatever way they are imported."""

from __future__ import annotations

import sys
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import twisted.plugins

from herd.sim.engine import shells
from herd.sim.engine.modules import Modules
from herd.sim.engine.programs import Call, Module, Plugin, Script
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
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the files of a program, by path, and return the first."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))
        return tmp_path / next(iter(files))

    return write


@pytest.fixture
def play(simulation: Simulation, write: Callable[..., Path]) -> Callable[..., Process]:
    """Run a script of these files to its end; fail with what went wrong."""

    def play(files: dict[str, str]) -> Process:
        process = simulation.host(f"host{len(simulation.hosts)}").start(Script(write(files)))
        simulation.run(10)
        assert [problem.text for problem in simulation.problems] == []
        assert process.exit_code == 0
        return process

    return play


def test_a_script_is_a_main_of_its_own(play: Callable[..., Process], tmp_path: Path) -> None:
    text = """
    x = 1
    print(__name__, __file__, __spec__, __package__)
    import __main__
    print(__main__.x)
    """
    process = play({"main.py": text})
    assert process.output == [f"__main__ {tmp_path}/main.py None None\n", "1\n"]
    assert process.namespace["x"] == 1
    assert not hasattr(sys.modules["__main__"], "x")


SHAPES = {
    "plain": "import lib; lib.things.append(1); print(lib.things)",
    "of a package": "import app.lib; app.lib.things.append(1); print(app.lib.things)",
    "as another name": "import app.lib as it; it.things.append(1); print(it.things)",
    "from a module": "from lib import things; things.append(1); print(things)",
    "from a package": "from app import lib; lib.things.append(1); print(lib.things)",
    "everything": "from lib import *; things.append(1); print(things)",
    "a submodule by everything": "from app import *; lib.things.append(1); print(lib.things)",
    "relative": "import app.near; app.near.lib.things.append(1); print(app.near.things)",
    "in a circle": "import app.one; app.one.two.things.append(1); print(app.one.two.one.two.things)",
    "by importlib": "import importlib; it = importlib.import_module('app.lib'); it.things.append(1); "
    "print(it.things)",
    "by importlib, relative": "import importlib; it = importlib.import_module('.lib', 'app'); "
    "it.things.append(1); print(it.things)",
    "by __import__": "it = __import__('app.lib').lib; it.things.append(1); print(it.things)",
    "by Twisted's names": "from twisted.python.reflect import namedAny; it = namedAny('app.lib.things'); "
    "it.append(1); print(it)",
    "in a function": "def late():\n    import app.lib\n    return app.lib\n"
    "late().things.append(1); print(late().things)",
    "of a namespace package": "import space.lib; space.lib.things.append(1); print(space.lib.things)",
    "from sys.modules": "import sys, lib; sys.modules['lib'].things.append(1); print(lib.things)",
    "with an attribute set from outside": "import sys, lib; sys.modules['lib'].things = [1]; "
    "print(lib.things)",
}
FILES = {
    "lib.py": "things = []",
    "app/__init__.py": "__all__ = ['lib']",
    "app/lib.py": "things = []",
    "app/near.py": "from . import lib\nfrom .lib import things",
    "app/one.py": "from app import two",
    "app/two.py": "from . import one\nimport app.one as again\nthings = []",
    "space/lib.py": "things = []",
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_each_process_imports_its_own(text: str, play: Callable[..., Process]) -> None:
    for _ in range(3):
        assert play({"main.py": text, **FILES}).output == ["[1]\n"]
    assert not {"lib", "app", "app.lib", "space"}.intersection(sys.modules)


def test_libraries_are_shared(play: Callable[..., Process]) -> None:
    text = "import json, twisted.internet.defer as it, collections.abc"
    one, other = (play({"main.py": text}) for _ in range(2))
    assert one.namespace["json"] is other.namespace["json"] is sys.modules["json"]
    assert one.namespace["it"] is sys.modules["twisted.internet.defer"]


def test_a_module_beside_the_script_comes_before_a_library(play: Callable[..., Process]) -> None:
    files = {"main.py": "import colorsys; print(colorsys.mine)", "colorsys.py": "mine = 1"}
    assert play(files).output == ["1\n"]
    import colorsys  # noqa: PLC0415 - it is what is tested

    assert not hasattr(colorsys, "mine")


ERRORS = {
    "import gone": "ModuleNotFoundError: No module named 'gone'",
    "import app.gone": "ModuleNotFoundError: No module named 'app.gone'",
    "import lib.gone": "ModuleNotFoundError: No module named 'lib.gone'; 'lib' is not a package",
    "from . import lib": "ImportError: attempted relative import with no known parent package",
    "from app import gone": "ImportError: cannot import name 'gone' from 'app' ({directory}/app/__init__.py)",
    "import app.broken": "ZeroDivisionError: division by zero",
    "import app.needs": "ModuleNotFoundError: No module named 'gone'",
    "from app import needs": "ModuleNotFoundError: No module named 'gone'",
}


@pytest.mark.parametrize("text", ERRORS)
def test_imports_fail_as_ever(
    text: str, simulation: Simulation, write: Callable[..., Path], tmp_path: Path
) -> None:
    files = {"main.py": text, **FILES, "app/broken.py": "1 / 0", "app/needs.py": "import gone"}
    process = simulation.host("host").start(Script(write(files)))
    simulation.run(1)
    assert process.output[-1] == ERRORS[text].format(directory=tmp_path) + "\n"
    assert process.exit_code == 1


def test_a_module_that_failed_can_be_imported_again(play: Callable[..., Process]) -> None:
    text = """
    import app
    for _ in range(2):
        try:
            import app.broken
        except ZeroDivisionError:
            print(hasattr(app, "broken"))
    """
    assert play({"main.py": text, **FILES, "app/broken.py": "1 / 0"}).output == ["False\n", "False\n"]


def test_classes_find_their_module(play: Callable[..., Process]) -> None:
    text = """
    import dataclasses, pickle, sys, typing
    import attrs
    import shapes

    @dataclasses.dataclass
    class Mine:
        point: "shapes.Point"
        others: "list[Mine]" = dataclasses.field(default_factory=list)

    for kind in (Mine, shapes.Point, shapes.Circle):
        assert sys.modules[kind.__module__].__dict__[kind.__name__] is kind
    assert typing.get_type_hints(Mine) == {"point": shapes.Point, "others": list[Mine]}
    assert attrs.resolve_types(shapes.Circle).__attrs_attrs__[0].type is shapes.Point
    again = pickle.loads(pickle.dumps(Mine(shapes.Point(1))))
    assert again == Mine(shapes.Point(1)) and type(again) is Mine and type(again.point) is shapes.Point
    print(again)
    """
    shapes_text = """
    from __future__ import annotations
    import dataclasses
    import attrs

    @dataclasses.dataclass(frozen=True)
    class Point:
        x: int
        y: dataclasses.InitVar[int] = 0

    @attrs.define
    class Circle:
        center: Point
    """
    for _ in range(2):
        assert play({"main.py": text, "shapes.py": shapes_text}).output == [
            "Mine(point=Point(x=1), others=[])\n"
        ]


def test_tracebacks_and_inspect_show_the_source(play: Callable[..., Process], tmp_path: Path) -> None:
    text = """
    import inspect, traceback, helper
    try:
        helper.fail()
    except ValueError:
        traceback.print_exc()
    print(inspect.getsource(helper.fail))
    print(inspect.getmodule(helper.fail).__name__)
    """
    output = "".join(
        play({"main.py": text, "helper.py": "def fail():\n    raise ValueError  # here\n"}).output
    )
    assert f'File "{tmp_path}/helper.py", line 2, in fail\n    raise ValueError  # here\n' in output
    assert output.endswith("def fail():\n    raise ValueError  # here\n\nhelper\n")


def test_a_module_may_put_something_in_its_place(play: Callable[..., Process]) -> None:
    files = {
        "main.py": "import lazy; print(lazy.answer); import lazy; print(lazy.answer)",
        "lazy.py": "import sys\nclass Lazy:\n    answer = 42\nsys.modules[__name__] = Lazy()",
    }
    for _ in range(2):
        assert play(files).output == ["42\n", "42\n"]


def test_a_file_that_changed_is_read_again(play: Callable[..., Process]) -> None:
    assert play({"main.py": "import lib; print(lib.x)", "lib.py": "x = 1"}).output == ["1\n"]
    assert play({"main.py": "import lib; print(lib.x + 1)", "lib.py": "x = 100"}).output == ["101\n"]


def test_the_package_of_a_module_is_its_own(
    simulation: Simulation, write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({
        "game/__init__.py": "",
        "game/server.py": "import sys\nfrom . import state\nstate.scores.append(sys.argv[1])\n"
        "print(__name__, __package__, state.scores)",
        "game/state.py": "scores = []",
        "game/__main__.py": "print('the package itself')",
    })  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    processes = [simulation.host(f"h{n}").start(Module("game.server", str(n))) for n in range(2)]
    processes.append(simulation.host("whole").start(Module("game")))
    processes.append(simulation.host("gone").start(Module("game.gone")))
    simulation.run(1)
    assert [process.output[-1] for process in processes] == [
        "__main__ game ['0']\n",
        "__main__ game ['1']\n",
        "the package itself\n",
        "python: No module named 'game.gone'\n",
    ]
    assert [process.argv[0] for process in processes[:1]] == [str(tmp_path / "game" / "server.py")]


def test_a_package_named_as_own_is_loaded_for_each_process(
    simulation: Simulation, write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"outer/main.py": "import toolbox\ntoolbox.used.append(1)\nprint(toolbox.used)",
           "path/toolbox.py": "used = []"})  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path / "path")
    script = tmp_path / "outer" / "main.py"
    shared = [simulation.host(f"shared{n}").start(Script(script)) for n in range(2)]
    own = [simulation.host(f"own{n}").start(Script(script, own=("toolbox",))) for n in range(2)]
    simulation.run(1)
    assert [process.output for process in shared] == [["[1]\n"], ["[1, 1]\n"]]
    assert [process.output for process in own] == [["[1]\n"], ["[1]\n"]]
    assert sys.modules.pop("toolbox").used == [1, 1]


def test_the_real_world_keeps_its_module_of_the_same_name(
    simulation: Simulation, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = ModuleType("lib")
    real.things = ("real",)
    monkeypatch.setitem(sys.modules, "lib", real)
    seen: list[object] = []
    process = simulation.host("host").start(
        Script(write({"main.py": "import lib\nfrom twisted.internet import reactor\nreactor.run()", **FILES}))
    )
    simulation.host("other").start(Call(lambda _reactor: seen.append(sys.modules["lib"].things)))
    simulation.at(1, lambda: seen.append(sys.modules["lib"].things))
    simulation.run(2)
    assert seen == [("real",), ("real",)]
    assert process.namespace["lib"].things == []
    assert sys.modules["lib"] is real


def test_nothing_of_it_is_left_between_runs(play: Callable[..., Process]) -> None:
    main, finders = sys.modules["__main__"], list(sys.meta_path)
    play({"main.py": "import lib", **FILES})
    assert sys.modules["__main__"] is main
    assert sys.meta_path == finders
    assert not [name for name, module in sys.modules.items() if type(module) is shells.Shell]


def test_a_library_is_imported_in_the_real_world(
    simulation: Simulation, write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else its first import would draw from the randomness of one process, and only at the first run.
    write({
        "outer/main.py": "import drawing, random\nprint(random.random())",
        "path/drawing.py": "import random, time\nx = random.random()\nnow = time.time()",
    })  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path / "path")
    outputs = []
    for _ in range(2):
        simulation = Simulation(7)
        process = simulation.host("host").start(Script(tmp_path / "outer" / "main.py"))
        simulation.run(1)
        outputs.append(process.output)
        simulation.close()
    assert outputs[0] == outputs[1]
    import time  # noqa: PLC0415 - it is what is compared with

    assert abs(sys.modules.pop("drawing").now - time.time()) < 60


def test_a_plugin_may_have_modules_of_its_own(
    simulation: Simulation, write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({
        "twisted/plugins/meter_plugin.py": """
            from twisted.application.service import ServiceMaker
            meter = ServiceMaker("meter", "meter.tap", "It counts.", "meter")
            """,
        "meter/__init__.py": "",
        "meter/state.py": "made = []",
        "meter/tap.py": """
            from twisted.application.service import Service
            from twisted.python import usage
            from meter import state
            class Options(usage.Options):
                pass
            def makeService(options):
                state.made.append(1)
                print(state.made, options.parent["nodaemon"], options.parent["pidfile"])
                return Service()
            """,
    })  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        "twisted.plugins.__path__", [*twisted.plugins.__path__, str(tmp_path / "twisted/plugins")]
    )
    own = [simulation.host(f"own{n}").start(Plugin("meter", own=("meter",))) for n in range(2)]
    shared = [simulation.host(f"shared{n}").start(Plugin("meter")) for n in range(2)]
    simulation.run(1)
    assert [process.output for process in own] == [["[1] 1 twistd.pid\n"]] * 2
    assert [process.output for process in shared] == [["[1] 1 twistd.pid\n"], ["[1, 1] 1 twistd.pid\n"]]
    for name in [name for name in sys.modules if name.partition(".")[0] == "meter"]:
        del sys.modules[name]


def test_a_part_of_a_package_cannot_be_own() -> None:
    with pytest.raises(ValueError, match=r"own='twisted\.web': name the whole package, 'twisted'"):
        Modules(own=("twisted.web",))
