"""Programs begin, run their reactor, end and exit as they do in the real world."""

from __future__ import annotations

import signal
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ReactorAlreadyRunning
from twisted.internet.task import deferLater

from herd.sim.engine.programs import Call, Module, Plugin, Script, Tac
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from herd.sim.engine.process import Process


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


@pytest.fixture
def start(simulation: Simulation, tmp_path: Path) -> Callable[..., Process]:
    """Start a script with this text on a host of its own."""

    def start(text: str, *argv: str, name: str = "script.py") -> Process:
        path = tmp_path / name
        path.write_text(dedent(text))
        program = Tac(path) if name.endswith(".tac") else Script(path, *argv)
        return simulation.host(f"host{len(simulation.hosts)}").start(program)

    return start


def problems(simulation: Simulation) -> list[str]:
    """The last lines of the problems."""
    return [problem.text.strip().splitlines()[-1] for problem in simulation.problems]


RUNS = """
    import sys
    from twisted.internet import reactor
    reactor.callLater(5, reactor.stop)
    reactor.addSystemEventTrigger("before", "shutdown", print, "before")
    reactor.addSystemEventTrigger("after", "shutdown", print, "after")
    print("runs", sys.argv[1:])
    reactor.run()
    print("ran for", round(reactor.seconds() - 1767225600, 3))
"""


def test_what_stands_behind_run_happens_when_the_reactor_stops(
    simulation: Simulation, start: Callable[..., Process]
) -> None:
    process = start(RUNS, "one", "two")
    simulation.run(4)
    assert process.output == ["runs ['one', 'two']\n"]
    assert process.exit_code is None
    simulation.run(6)
    assert process.output[1:] == ["before\n", "after\n", "ran for 5.0\n"]
    assert process.exit_code == 0


def test_scripts_wait_for_their_reactors_side_by_side(
    simulation: Simulation, start: Callable[..., Process]
) -> None:
    processes = [start(RUNS, str(number)) for number in range(20)]
    simulation.run(10)
    assert [process.exit_code for process in processes] == [0] * 20
    assert [process.output[0] for process in processes] == [f"runs ['{number}']\n" for number in range(20)]


ENDS = {
    "print('done')": (0, ["done\n"]),
    "raise SystemExit": (0, []),
    "raise SystemExit(7)": (7, []),
    "import sys; sys.exit('no reason')": (1, ["no reason\n"]),
    "import os; os._exit(9); print('never')": (9, []),
    "import atexit; atexit.register(print, 1); atexit.register(print, 2)": (0, ["2\n", "1\n"]),
    "import atexit; atexit.register(print, 1); raise SystemExit(3)": (3, ["1\n"]),
    "from twisted.internet import reactor; reactor.callWhenRunning(reactor.stop); reactor.run(); exit(4)": (
        4,
        [],
    ),
    "from twisted.internet import reactor; reactor.callWhenRunning(reactor.crash); reactor.run()": (0, []),
}


@pytest.mark.parametrize("text", ENDS)
def test_a_script_ends_with_its_code(
    text: str, simulation: Simulation, start: Callable[..., Process]
) -> None:
    process = start(text)
    simulation.run(1)
    code, printed = ENDS[text]
    assert (process.exit_code, process.output) == (code, printed)
    words = ": no reason" if "no reason" in text else ""
    assert problems(simulation) == ([f"script.py ended with exit code {code}{words}"] if code else [])


def test_an_error_nobody_handles_ends_a_script(
    simulation: Simulation, start: Callable[..., Process], tmp_path: Path
) -> None:
    process = start("def divide():\n    return 1 / 0\n\ndivide()\n")
    simulation.run(1)
    assert process.exit_code == 1
    # Which part of a line is underlined differs between versions of Python.
    assert "".join(line for line in process.output if line.strip(" ~^\n")) == (
        "Traceback (most recent call last):\n"
        f'  File "{tmp_path}/script.py", line 4, in <module>\n'
        "    divide()\n"
        f'  File "{tmp_path}/script.py", line 2, in divide\n'
        "    return 1 / 0\n"
        "ZeroDivisionError: division by zero\n"
    )
    assert problems(simulation) == ["ZeroDivisionError: division by zero"]


def test_a_script_that_is_not_there(simulation: Simulation) -> None:
    process = simulation.host("host").start(Script("/nowhere/at_all.py"))
    simulation.run(1)
    assert process.exit_code == 2
    assert problems(simulation) == [
        (
            "at_all.py ended with exit code 2: "
            "python: can't open file '/nowhere/at_all.py': No such file or directory"
        )
    ]


REACT = """
    import sys
    from twisted.internet import task
    async def main(reactor, how):
        await task.deferLater(reactor, 2)
        if how == "fails":
            raise ValueError("it failed")
        if how == "exits":
            raise SystemExit(5)
    task.react(main, sys.argv[1:])
"""


@pytest.mark.parametrize(("how", "code"), [("ends", 0), ("fails", 1), ("exits", 5)])
def test_react_gives_the_exit_code(
    how: str, code: int, simulation: Simulation, start: Callable[..., Process], flush_logged_errors: Any
) -> None:
    process = start(REACT, how)
    simulation.run(1)
    assert process.exit_code is None
    simulation.run(3)
    assert process.exit_code == code
    told = {"fails": ["builtins.ValueError: it failed"], "exits": ["script.py ended with exit code 5"]}
    assert problems(simulation) == told.get(how, [])
    flush_logged_errors(ValueError)


def test_an_exit_in_an_event_is_logged_and_the_reactor_goes_on(
    simulation: Simulation, start: Callable[..., Process], flush_logged_errors: Any
) -> None:
    # As Twisted does: its reactor logs whatever a timed call raises, a SystemExit too.
    process = start(
        "from twisted.internet import reactor\nreactor.callLater(1, exit, 3)\n"
        "reactor.callLater(2, print, 'on')\nreactor.run()"
    )
    simulation.run(5)
    assert process.output == ["on\n"]
    assert process.exit_code is None
    assert problems(simulation) == ["builtins.SystemExit: 3"]
    flush_logged_errors(SystemExit)


def test_a_killed_script_runs_no_finally(simulation: Simulation, start: Callable[..., Process]) -> None:
    process = start(
        "from pathlib import Path\nfrom twisted.internet import reactor\ntry:\n    reactor.run()\n"
        "finally:\n    Path('last').write_text('words')"
    )
    simulation.run(1)
    process.host.kill()
    simulation.run(2)
    assert process.exit_code == -9
    assert list(process.host.files.iterdir()) == []


LET_GO = {
    "with its finally": (
        "try:\n    reactor.run()\nfinally:\n    print('let go')\nprint('never')",
        ["let go\n"],
    ),
    "at the next run if it goes on": (
        (
            "try:\n    reactor.run()\nexcept BaseException:\n    print('caught')\n"
            "while True:\n    try:\n        reactor.run()\n    except Exception:\n        print('again')"
        ),
        ["caught\n"],
    ),
}


@pytest.mark.parametrize(("text", "output"), LET_GO.values(), ids=LET_GO)
def test_a_script_is_let_go_when_its_simulation_is_closed(
    text: str, output: list[str], tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"from twisted.internet import reactor\n{text}\n")
    simulation = Simulation(1)
    process = simulation.host("host").start(Script(script))
    simulation.run(1)
    simulation.close()
    assert process.output == output


def test_a_script_that_is_let_go_writes_into_no_directory_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom twisted.internet import reactor\n"
        "try:\n    reactor.run()\nfinally:\n    Path('last').write_text(str(Path.cwd()))"
    )
    simulation = Simulation(1)
    process = simulation.host("host").start(Script(script))
    simulation.run(1)
    process.host.kill()
    simulation.close()
    assert list(tmp_path.iterdir()) == [script]
    assert Path.cwd() == tmp_path


def test_a_restarted_script_begins_anew(simulation: Simulation, start: Callable[..., Process]) -> None:
    process = start("state = []\n" + dedent(RUNS).replace('print("runs"', "state.append(1); print(state"))
    simulation.run(1)
    process.host.restart()
    simulation.run(2)
    assert [each.output for each in process.host.processes] == [["[1] []\n"]]


def test_a_script_runs_in_its_hosts_directory(
    simulation: Simulation, start: Callable[..., Process], tmp_path: Path
) -> None:
    here = Path.cwd()
    text = "from pathlib import Path\nprint(Path.cwd())\nPath('x').write_text('written')"
    processes = [start(text) for _ in range(2)]
    simulation.run(1)
    assert [process.output for process in processes] == [[f"{process.host.files}\n"] for process in processes]
    assert [(process.host.files / "x").read_text() for process in processes] == ["written"] * 2
    (tmp_path / "aside.py").write_text("from pathlib import Path\nprint(Path.cwd())")
    aside = simulation.host("aside").start(Script(tmp_path / "aside.py", in_files=False))
    simulation.run(2)
    assert aside.output == [f"{here}\n"]
    assert Path.cwd() == here


TAC = """
    from twisted.application.service import Application, Service
    class Told(Service):
        def privilegedStartService(self): print("privileged")
        def startService(self): super().startService(); print("start")
        def stopService(self): super().stopService(); print("stop")
    print(__name__, __file__)
    application = Application("told")
    Told().setServiceParent(application)
"""


def test_a_tac_starts_and_stops_as_twistd_does(
    simulation: Simulation, start: Callable[..., Process], tmp_path: Path
) -> None:
    process = start(TAC, name="told.tac")
    simulation.run(1)
    assert process.output == [f"builtins {tmp_path}/told.tac\n", "privileged\n", "start\n"]
    assert [service.running for service in process.services] == [1]
    simulation.at(1, process.reactor.stop)
    simulation.run(2)
    assert process.output[3:] == ["stop\n"]
    assert process.exit_code == 0


def test_a_tac_without_an_application(simulation: Simulation, start: Callable[..., Process]) -> None:
    process = start("x = 1", name="empty.tac")
    simulation.run(1)
    assert process.exit_code == 1
    assert process.output[1].startswith("Could not find 'application' in ")


def test_a_program_whose_reactor_is_run_for_it_cannot_run_it(
    simulation: Simulation, start: Callable[..., Process]
) -> None:
    process = start("from twisted.internet import reactor\nreactor.run()", name="runs.tac")
    simulation.run(1)
    assert process.exit_code == 1
    assert problems(simulation)[0].endswith(
        "A program that runs its reactor itself is started as a Script or a Module"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -15), (signal.SIGINT, -2)])
def test_a_signal_stops_a_service_and_is_its_exit_code(
    number: int, code: int, simulation: Simulation, start: Callable[..., Process]
) -> None:
    process = start(TAC, name="told.tac")
    simulation.run(1)
    process.signal(number)
    simulation.run(2)
    assert process.output[-1] == "stop\n"
    assert process.exit_code == code


def test_a_plugin_nobody_knows(simulation: Simulation) -> None:
    process = simulation.host("host").start(Plugin("no-such-plugin"))
    simulation.run(1)
    assert process.output == ["twistd: Unknown command: no-such-plugin\n"]
    assert process.exit_code == 1


def test_a_callable_gets_the_reactor_that_runs(simulation: Simulation) -> None:
    seen: list[Any] = []

    def function(reactor: Any, *args: Any, **kwargs: Any) -> None:
        seen.extend([reactor.running, args, kwargs])
        with pytest.raises(ReactorAlreadyRunning):
            reactor.run()

    process = simulation.host("host").start(Call(function, 1, two=2))
    simulation.run(1)
    assert seen == [True, (1,), {"two": 2}]
    assert process.exit_code is None
    process.reactor.stop()
    simulation.run(2)
    assert process.exit_code == 0


def test_what_a_callable_returns_may_fail(simulation: Simulation, flush_logged_errors: Any) -> None:
    async def coroutine(reactor: Any) -> None:
        await deferLater(reactor, 1)
        raise ValueError("later")

    def deferred(_reactor: Any) -> Deferred[None]:
        return fail(ValueError("at once"))

    def exits(reactor: Any) -> Deferred[None]:
        return deferLater(reactor, 1, exit, 6)

    def raises(_reactor: Any) -> None:
        raise ValueError("raised")

    programs = (coroutine, deferred, exits, raises)
    processes = [simulation.host(each.__name__).start(Call(each)) for each in programs]
    simulation.run(2)
    assert [process.exit_code for process in processes] == [None, None, 6, 1]
    assert problems(simulation) == [
        "Failure: builtins.ValueError: at once",
        "ValueError: raised",
        "builtins.ValueError: later",
        f"{exits.__qualname__} ended with exit code 6",
    ]
    flush_logged_errors(ValueError)


@pytest.mark.parametrize(
    "program",
    [
        Plugin("web", "--path", "/srv", own=("pkg",)),
        Tac("chat.tac", in_files=False),
        Script("server.py", "8000"),
        Module("game.server", "8000", own=("pkg",), in_files=False),
    ],
)
def test_a_program_is_shown_as_it_is_written(program: Any) -> None:
    again = eval(repr(program))
    assert repr(again) == repr(program)
    assert again.name == program.name
