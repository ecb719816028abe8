"""What would leave the simulation is an error that names the line."""

# ruff: noqa: PLW0108 - what is called is looked up when it is called

from __future__ import annotations

import _thread
import asyncio
import contextlib
import inspect
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.defer import execute

from herd.sim.engine.pins.escapes import Escape, escape
from tests.house.finding import ROOT
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

WAYS_OUT: dict[str, Callable[[], Any]] = {
    "socket.socket": lambda: socket.socket(),
    "socket.SocketType": lambda: socket.SocketType(),
    "socket.create_connection": lambda: socket.create_connection(("127.0.0.1", 1)),
    "socket.socketpair": lambda: socket.socketpair(),
    "socket.getaddrinfo": lambda: socket.getaddrinfo("localhost", 80),
    "socket.gethostbyname": lambda: socket.gethostbyname("localhost"),
    "select.select": lambda: select.select([], [], [], 0),
    "select.poll": lambda: select.poll(),
    "select.epoll": lambda: select.epoll(),
    "threading.Thread.start": lambda: threading.Thread(target=print).start(),
    "threading.Condition.wait": lambda: threading.Event().wait(0.1),
    "_thread.start_new_thread": lambda: _thread.start_new_thread(print, ()),
    "concurrent.futures.Executor": lambda: ThreadPoolExecutor(),
    "multiprocessing.Process.start": lambda: multiprocessing.Process(target=print).start(),
    "subprocess.Popen": lambda: subprocess.run(["true"], check=True),
    "os.fork": lambda: os.fork(),
    "os.posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "os.system": lambda: os.system("true"),
    "os.popen": lambda: os.popen("true"),
    "os.execv": lambda: os.execv("/bin/true", ["true"]),
    "os.waitpid": lambda: os.waitpid(-1, os.WNOHANG),
    "time.sleep": lambda: time.sleep(0),
    "signal.alarm": lambda: signal.alarm(5),
    "signal.setitimer": lambda: signal.setitimer(signal.ITIMER_REAL, 5),
    "asyncio event loop": lambda: asyncio.new_event_loop(),
}


@pytest.mark.parametrize("name", WAYS_OUT)
def test_a_way_out_is_an_error_at_its_line(process: Process, name: str) -> None:
    way_out = WAYS_OUT[name]
    with hosted(process), pytest.raises(Escape) as caught:
        way_out()
    error = caught.value
    assert error.function == name
    assert error.place == f"{__file__}:{inspect.getsourcelines(way_out)[1]}"
    assert f'"{name}": lambda:' in str(error)
    assert [problem.text for problem in process.simulation.problems] == [str(error)]
    assert process.simulation.problems[0].host == "web"


def test_an_escape_says_what_to_use_instead(process: Process) -> None:
    with hosted(process), pytest.raises(Escape) as caught:
        time.sleep(1)
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert str(caught.value) == (
        f"{__file__}:{line}: a hosted program calls time.sleep in `time.sleep(1)`: "
        "a reactor program must not block: use twisted.internet.task.deferLater"
    )


def test_a_program_that_catches_everything_hides_nothing(process: Process) -> None:
    with hosted(process):
        with contextlib.suppress(Exception):
            time.sleep(1)
        execute(time.sleep, 1).addErrback(lambda _failure: None)
    assert len(process.simulation.problems) == 2


def test_the_line_is_the_programs_and_not_the_librarys(process: Process) -> None:
    with hosted(process), pytest.raises(Escape) as caught:
        urllib.request.urlopen("http://127.0.0.1:1/")
    assert caught.value.place.startswith(f"{__file__}:")
    assert "calls socket.create_connection through urllib.request.urlopen in `urllib" in str(caught.value)
    assert caught.value.instead == "use twisted.web.client or treq"


def in_module(name: str, source: str, **names: object) -> Callable[[], None]:
    """Return the function `call` of a module of that name."""
    namespace: dict[str, Any] = {"__name__": name, **names}
    exec(source, namespace)
    call: Callable[[], None] = namespace["call"]
    return call


def test_a_library_that_the_reactor_called_is_named_itself(process: Process) -> None:
    """Whoever called the loop, such as this test, is no part of the program."""
    failures: list[Any] = []
    library = in_module(
        "twisted.library",
        "def call():\n    execute(sleep, 1).addErrback(failures.append)",
        execute=execute,
        sleep=time.sleep,
        failures=failures,
    )
    loop = in_module("herd.sim.engine.simulation", "def call():\n    library()", library=library)
    with hosted(process):
        loop()
    assert "twisted/internet/defer.py:" in failures[0].value.place


def test_parts_of_the_simulator_escape_in_the_programs_name(process: Process) -> None:
    with hosted(process):
        error = escape("reactor.spawnProcess", "start it on the host")
    assert error.function == "reactor.spawnProcess"
    assert len(process.simulation.problems) == 1


def test_one_without_a_line_says_so(process: Process) -> None:
    """Such as `reactor.callLater(1, time.sleep, 5)`: nothing but the simulator is on the stack."""
    called = in_module("herd.sim.engine.simulation", "def call():\n    sleep(5)", sleep=time.sleep)
    with hosted(process), pytest.raises(Escape) as caught:
        called()
    assert caught.value.place.startswith("no line of its own (a timer, a thread or a signal was given")
    assert "calls time.sleep: a reactor program must not block" in str(caught.value)


def test_outside_nothing_is_kept() -> None:
    assert isinstance(escape("x", "y"), Escape)


@pytest.mark.usefixtures("process")
def test_outside_all_ways_lead_out() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        client.send(b"x")
        with server.accept()[0] as accepted:
            assert accepted.recv(1) == b"x"
            assert select.select([accepted], [], [], 0) == ([], [], [])
    left, right = socket.socketpair()
    left.close()
    right.close()
    assert socket.getaddrinfo("127.0.0.1", 80)[0][4] == ("127.0.0.1", 80)
    assert (
        subprocess.run([sys.executable, "-c", "print(5)"], check=True, capture_output=True).stdout == b"5\n"
    )
    assert os.system("true") == 0
    with os.popen("echo hello") as pipe:
        assert pipe.read() == "hello\n"
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: 5).result() == 5
    assert asyncio.run(asyncio.sleep(0, "done")) == "done"
    time.sleep(0)
    assert Path("/").is_dir()


def test_outside_a_process_is_forked() -> None:
    program = """if True:
        import multiprocessing, os
        from herd.sim.engine import pins
        pins.install()
        pid = os.fork()
        if not pid:
            os._exit(5)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
        child = multiprocessing.get_context("fork").Process(target=os.getpid)
        child.start()
        child.join()
        assert child.exitcode == 0
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
