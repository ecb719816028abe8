"""`twisted.internet.reactor` is the reactor of whoever runs: a process's own, or the real one."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from twisted.internet import default, pollreactor
from twisted.internet import reactor as imported
from twisted.internet.base import ReactorBase
from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorAlreadyInstalledError
from twisted.internet.interfaces import (
    IReactorFDSet,
    IReactorProcess,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
)
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from herd.sim.engine import globalreactor
from herd.sim.engine.pins.escapes import Escape
from herd.sim.engine.programs import Call
from herd.sim.engine.reactorproxy import GlobalReactor
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

reactor: Any = globalreactor.install()
early: Any = imported
later = reactor.callLater


@pytest.fixture
def hosted() -> Iterator[Callable[[Callable[[], object]], Any]]:
    """Call a function in a process, and return what it returns."""
    simulation = Simulation(1)

    def hosted(function: Callable[[], object]) -> Any:
        returned: list[Any] = []
        host = simulation.host(f"host{len(simulation.hosts)}")
        process = host.start(Call(lambda _reactor: returned.append(function())))
        simulation.run(simulation.now_ns / 1e9 + 10)
        assert process.exit_code is None, process.output
        return returned[0], process

    yield hosted
    simulation.close()


def test_who_imported_the_real_one_has_it_too() -> None:
    assert type(early) is GlobalReactor
    assert sys.modules["twisted.internet.reactor"] is early
    assert globalreactor.install() is early


def test_in_a_process_it_is_the_processs(hosted: Any) -> None:
    (behind, seconds), process = hosted(lambda: (reactor.behind, reactor.seconds()))
    assert behind is process.reactor
    assert seconds == 1767225600.0
    assert reactor.behind is not process.reactor


def test_a_method_that_was_bound_at_import_asks_anew(hosted: Any) -> None:
    ran: list[float] = []
    call, process = hosted(lambda: later(5, lambda: ran.append(reactor.seconds())))
    assert ran == [1767225605.000001]
    assert call not in process.reactor.getDelayedCalls()
    real = later(0, ran.clear)
    assert real in reactor.getDelayedCalls()
    real.cancel()


def test_it_provides_what_the_reactor_behind_it_provides(hosted: Any) -> None:
    interfaces = (IReactorTime, IReactorTCP, IReactorThreads, IReactorFDSet, IReactorProcess)

    def provided() -> list[bool]:
        return [each.providedBy(reactor) for each in interfaces]

    inside, process = hosted(provided)
    assert inside == [each.providedBy(process.reactor) for each in interfaces]
    assert inside == [True, True, True, False, False]
    assert provided() == [True] * 5
    assert hosted(lambda: IReactorTCP(reactor) is reactor)[0]


def test_what_a_process_cannot_do_is_said(hosted: Any) -> None:
    def adopt() -> str:
        with pytest.raises(NotImplementedError) as caught:
            reactor.adoptStreamPort(3, 2, None)
        return str(caught.value)

    assert hosted(adopt)[0] == "reactor.adoptStreamPort() does not exist in a simulation"


def test_to_start_another_program_is_an_escape(hosted: Any) -> None:
    def spawn() -> str:
        with pytest.raises(Escape) as caught:
            reactor.spawnProcess(None, "/bin/true")
        return caught.value.place

    place, process = hosted(spawn)
    assert place.startswith(f"{__file__}:")
    assert [(each.host, each.is_escape) for each in process.simulation.problems] == [("host0", True)]


def test_its_methods_take_what_twisteds_take() -> None:
    for name, ours in vars(GlobalReactor).items():
        theirs = getattr(PosixReactorBase, name, None) or getattr(ReactorBase, name, None)
        # seconds is a builtin, which tells nothing of its arguments: there are none.
        if not inspect.isfunction(ours) or name[0] == "_" or name == "seconds" or theirs is None:
            continue
        mine, its = inspect.signature(ours).parameters.values(), inspect.signature(theirs).parameters.values()
        assert [each.name for each in mine] == [each.name for each in its], name
        defaults = [each.default for each in its]
        assert [dict(each.default) if name == "spawnProcess" and each.name == "env" else each.default
                for each in mine] == defaults, name  # fmt: skip


def test_all_of_twisteds_methods_are_there() -> None:
    public = {
        name
        for interface in early.__providedBy__
        if interface.__module__ == "twisted.internet.interfaces"
        for name in interface.names(all=True)
        if not name.startswith("_")
    }
    assert public - set(dir(GlobalReactor)) == set()


def test_attributes_are_those_of_the_reactor_behind_it() -> None:
    reactor.of_a_test = 5
    assert reactor.behind.of_a_test == 5
    del reactor.of_a_test
    assert not hasattr(reactor, "of_a_test")
    assert isinstance(reactor, type(reactor.behind))


def test_a_process_that_installs_a_reactor_keeps_its_own(hosted: Any) -> None:
    def install() -> Any:
        pollreactor.install()
        default.install()
        return reactor.behind

    behind, process = hosted(install)
    assert behind is process.reactor


def test_the_real_world_has_its_reactor_already() -> None:
    with pytest.raises(ReactorAlreadyInstalledError):
        default.install()


@pytest_twisted.ensureDeferred
async def test_the_real_reactor_goes_on(hosted: Any) -> None:
    assert await deferLater(reactor, 0.001, lambda: 1) == 1
    thread = deferToThread(lambda: 2)  # it comes back to the real reactor, whoever is simulated meanwhile
    hosted(lambda: None)
    assert await thread == 2


def test_names_attributes_and_defaults_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        def method(self) -> str:
            return "old"

    class New:
        def method(self) -> str:
            return "new"

    old, new = Old(), New()
    module = type(sys)("holder")
    text = (
        "class Class: attribute = old\ndef function(a=old, *, b=old.method): return a, b\nbound = old.method"
    )
    vars(module)["old"] = old
    exec(text, vars(module))
    monkeypatch.setitem(sys.modules, "holder", module)
    globalreactor.replace_everywhere([(old, new)])
    holder: Any = module
    assert holder.old is holder.Class.attribute is new
    assert holder.bound() == "new"
    assert holder.function()[0] is new
    assert holder.function()[1]() == "new"


EARLY = """
from herd.sim.engine import globalreactor
globalreactor.install()
import sys
assert "twisted.internet.epollreactor" not in sys.modules or not globalreactor.install().real
{choice}
from twisted.internet import reactor
later = reactor.callLater
later(0, reactor.stop)
reactor.run()
print(type(reactor.behind).__name__)
"""


@pytest.mark.parametrize(
    ("choice", "kind"),
    [
        ("", type(early.behind).__name__),
        ("from twisted.internet import pollreactor; pollreactor.install()", "PollReactor"),
    ],
)
def test_installed_early_the_real_world_still_chooses_its_reactor(choice: str, kind: str) -> None:
    command = [sys.executable, "-c", EARLY.format(choice=choice)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{kind}\n", "")


def test_trial_goes_on(tmp_path: Any) -> None:
    (tmp_path / "test_it.py").write_text(
        "from herd.sim.engine import globalreactor\nglobalreactor.install()\n"
        "from twisted.trial.unittest import TestCase\nfrom twisted.internet import reactor, task, threads\n"
        "class T(TestCase):\n"
        "    def test_time(self): return task.deferLater(reactor, 0.01)\n"
        "    def test_thread(self): return threads.deferToThread(lambda: None)\n"
        "    def test_dirty(self): reactor.callLater(60, print)\n"
    )
    command = [sys.executable, "-m", "twisted.trial", "test_it"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert "errors=1, successes=2" in done.stdout, done.stdout + done.stderr
    assert "DirtyReactorAggregateError" in done.stdout


def test_a_method_can_be_replaced_and_put_back(hosted: Any) -> None:
    calls: list[str] = []

    def replaced() -> list[Any]:
        before = reactor.getDelayedCalls

        def get_delayed_calls() -> Any:
            calls.append("replaced")
            return before()

        reactor.getDelayedCalls = get_delayed_calls
        inside = [reactor.getDelayedCalls()]
        reactor.getDelayedCalls = before
        return [*inside, reactor.getDelayedCalls()]

    assert hosted(replaced)[0] == [[], []]
    assert calls == ["replaced"]
    assert type(reactor) is GlobalReactor


def test_the_time_that_is_put_into_a_reactor_is_what_its_timers_go_by(hosted: Any) -> None:
    def replaced() -> list[float]:
        before = reactor.seconds
        reactor.seconds = time.monotonic
        inside = [reactor.seconds(), reactor.behind.seconds(), reactor.callLater(5, int).getTime()]
        reactor.seconds = before
        return [*inside, reactor.seconds()]

    assert hosted(replaced)[0] == [0.0, 0.0, 5.0, 1767225600.0]


def test_who_replaces_a_method_does_so_for_himself(hosted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactor, "resolve", lambda _name: "replaced")
    assert reactor.resolve("localhost") == "replaced"
    assert hosted(lambda: type(reactor.resolve("localhost")))[0] is Deferred
    assert type(globalreactor.install()) is not GlobalReactor
    monkeypatch.undo()
    assert type(reactor) is GlobalReactor
