"""`scripts/bench/versus`: the load generator against real sockets, herds, the rounds, and the script."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from benching.versus import daemons, herds, peers, prototypes
from benching.versus.generator import Load, build, run
from benching.versus.measuring import Bench, one_round
from benching.versus.systems import System
from benching.versus.works import Group, Work

from herd.config.load import load_config
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benching.versus.generator import Programs
    from benching.versus.measuring import Cells

ROOT = Path(__file__).resolve().parents[2]
HERE = "127.0.0.1"

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the load generator needs a C compiler")


@pytest.fixture(scope="module", autouse=True)
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Compile once, into a cache that scripts find too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield build()


@contextmanager
def serving(handle: Callable[[socketserver.StreamRequestHandler], None]) -> Iterator[str]:
    """Serve a port, a thread each connection; yields HOST:PORT."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            handle(self)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server((HERE, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"{HERE}:{server.server_address[1]}"
        server.shutdown()


def put(programs: Programs, load: Load) -> Any:
    return run(programs.load, load, lambda: 0.0)[0]


# The generator.


def test_reports_are_sent_and_their_answers_counted(programs: Programs) -> None:
    with peers.echo(programs.echo) as target:
        said = put(programs, Load(speak="echo", to=target.to, connections=3, depth=4, reports=1000))
    assert (said["sent"], said["messages"], said["errors"]) == (1000, 1000, 0)
    assert 0 < said["answered_ms"]["p50"] <= said["answered_ms"]["p99"] <= said["answered_ms"]["max"]
    assert said["own_cpu_s"] > 0


def test_every_report_of_a_client_is_newer_and_its_position_valid(programs: Programs) -> None:
    lines: list[bytes] = []

    def answer(connection: socketserver.StreamRequestHandler) -> None:
        for line in connection.rfile:
            lines.append(line)
            connection.wfile.write(b"AT\n")

    with serving(answer) as address:
        put(programs, Load(speak="herd", to=(address,), connections=1, depth=1, clients=3, reports=9))
    words = [line.split() for line in lines]
    assert [each[1] for each in words] == [b"client%07d.example.org" % (number % 3) for number in range(9)]
    times = [each[3] for each in words]
    assert times == sorted(set(times))
    assert all(len(time.partition(b".")[2]) == 9 for time in times)
    assert len({each[2] for each in words}) == 9


def test_a_wrong_answer_fails_with_its_beginning(programs: Programs) -> None:
    def refuse(connection: socketserver.StreamRequestHandler) -> None:
        for line in connection.rfile:
            connection.wfile.write(b"? " + line)

    with (
        serving(refuse) as address,
        pytest.raises(
            HerdError, match=r"1 errors under load, the first: a wrong answer: \? IAMAT client0000000"
        ),
    ):
        put(programs, Load(speak="herd", to=(address,), connections=1, clients=1))


def test_a_lost_connection_fails(programs: Programs) -> None:
    with serving(lambda _: None) as address, pytest.raises(HerdError, match="errors under load"):
        put(programs, Load(speak="herd", to=(address,), connections=2, drain=0.1))


def test_nobody_there_fails_with_where(programs: Programs) -> None:
    with serving(lambda _: None) as address:
        pass
    with pytest.raises(HerdError, match=f"did not start: {address}: Connection refused"):
        put(programs, Load(speak="herd", to=(address,), connections=1))


def test_latency_counts_from_when_a_report_was_due(programs: Programs, tmp_path: Path) -> None:
    """A generator that is held up sends late, and what was due meanwhile has waited."""
    number, generator = tmp_path / "number", tmp_path / "generator"
    generator.write_text(f'#!/bin/sh\necho $$ > {number}\nexec {programs.load} "$@"\n')
    generator.chmod(0o755)

    def hold_up(connection: socketserver.StreamRequestHandler) -> None:
        held = int(number.read_text())
        connection.rfile.readline()
        os.kill(held, signal.SIGSTOP)
        time.sleep(0.3)  # the very thing that is measured
        os.kill(held, signal.SIGCONT)
        connection.wfile.write(b"AT\n")
        for _ in connection.rfile:
            connection.wfile.write(b"AT\n")

    with serving(hold_up) as address:
        load = Load(speak="herd", to=(address,), connections=1, clients=1, rate=100, seconds=0.2)
        said = run(generator, load, lambda: 0.0)[0]
    assert said["messages"] == 20
    assert said["answered_ms"]["p50"] >= 100


def test_a_server_that_wants_a_sign_of_life_gets_one_and_it_is_no_answer(programs: Programs) -> None:
    lines: list[bytes] = []

    def serve(connection: socketserver.StreamRequestHandler) -> None:
        for line in connection.rfile:
            lines.append(line.split()[0])
            if lines == [b"CONNECT", b"PING", b"PUB"]:
                connection.wfile.write(b"PI")
                connection.wfile.write(b"NG\r\n")
            if line == b"PING\r\n":
                connection.wfile.write(b"PONG\r\n")

    with serving(serve) as address:
        load = Load(speak="nats", to=(address,), connections=1, depth=2, clients=1, reports=6)
        said = put(programs, load)
    assert (said["sent"], said["messages"], said["errors"]) == (6, 6, 0)
    assert lines.count(b"PONG") == 1
    assert lines.count(b"PUB") == 6


def test_a_report_is_known_with_a_newer_one_of_its_client(programs: Programs) -> None:
    """One observer sees every report, the other only the last; answers come when both have been told."""
    seen: list[bytes] = []
    observers: list[socketserver.StreamRequestHandler] = []

    def push(observer: socketserver.StreamRequestHandler, line: bytes) -> None:
        record = line.partition(b" ")[2].strip()
        observer.wfile.write(b"MSG herd 1 %d\r\n%b\r\n" % (len(record), record))

    def serve(connection: socketserver.StreamRequestHandler) -> None:
        for line in connection.rfile:
            if line.startswith(b"PING"):
                observers.append(connection)
                connection.wfile.write(b"PONG\r\n")
            elif line.startswith(b"IAMAT"):
                seen.append(line)
                push(observers[0], line)
                if len(seen) == 5:
                    push(observers[1], line)
                connection.wfile.write(b"AT\n")

    with serving(serve) as address:
        load = Load(
            speak="herd",
            to=(address,),
            connections=1,
            clients=1,
            rate=1000,
            seconds=0.005,
            observe=(address, address),
            observe_as="nats",
        )
        said = put(programs, load)
    assert (said["sent"], said["known"], said["superseded"]) == (5, 5, 4)


def test_a_compiler_that_refuses_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CC", "false")
    with pytest.raises(HerdError, match="false does not compile the load generator"):
        build()
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(HerdError, match="the load generator needs a C compiler: apt-get install gcc"):
        build()


# Whom the load is put on.


def test_a_whole_herd_is_loaded_settles_and_is_observed(programs: Programs) -> None:
    flood = Work(name="flood", title="", clients=200, seconds=0.2, settles=True)
    known = Work(name="known", title="", clients=200, rate=500, seconds=0.2, watches=True)
    bench = Bench(generator=programs.load, tell=lambda _: None)
    with herds.herd("pure", herds.observed()) as target:
        flooded, seen = bench.measure(target, flood), bench.measure(target, known)
    assert len(target.pids) == 5
    assert flooded["links"] > 0
    assert flooded["cpu_us"] > 0
    assert seen["messages"] == 100
    assert 0 < seen["known_ms"]["p50"] <= seen["known_ms"]["p99"]


def test_links_are_encrypted_where_that_is_measured(tmp_path: Path) -> None:
    config = herds.over_tls(load_config(), tmp_path)
    assert {server.links.scheme for server in config.servers} == {"tls"}
    assert sorted(path.name for path in (tmp_path / "tls").glob("*.key")) == [
        *(f"{name}.key" for name in sorted(config.names)),
        "ca.key",
    ]


def test_the_stand_in_answers_as_a_herd_does(programs: Programs) -> None:
    with prototypes.stand_in() as target:
        said = put(programs, Load(speak="herd", to=target.to, connections=2, clients=20, reports=100))
    assert (said["messages"], said["errors"]) == (100, 0)


def test_a_published_prototype_is_run_where_it_lies(programs: Programs, tmp_path: Path) -> None:
    shutil.copy(ROOT / "scripts" / "benching" / "versus" / "stand_in.py", tmp_path / "server.py")
    with serving(lambda _: None) as address:
        port = int(address.rpartition(":")[2])
    published = prototypes.Published(f"{sys.executable} server.py Alford {port}", port, tmp_path, crlf=True)
    with prototypes.run(published) as target:
        said = put(programs, Load(speak=target.speak, to=target.to, connections=1, clients=1, reports=10))
    assert said["messages"] == 10


def test_a_daemon_is_gone_afterwards_whatever_happens() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), daemons.daemon("sleep", 100) as pid:
        interrupt()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(daemons, "_MORE_PLACES", ())
    assert daemons.missing() == [
        "redis-server is not installed: apt-get install redis-server",
        "nats-server is not installed: apt-get install nats-server",
        "mosquitto is not installed: apt-get install mosquitto",
    ]


# The rounds.


def test_systems_take_turns_and_the_order_turns_too(programs: Programs) -> None:
    def fail() -> Any:
        raise HerdError("it has no legs")

    def system(name: str, start: Any) -> System:
        return System(name=name, title=name, works=("first", "second"), start=start)

    echo: Callable[[], Any] = partial(peers.echo, programs.echo)
    systems = [system("a", echo), system("b", echo), system("broken", fail)]
    works = tuple(Work(name=name, title=name, seconds=0.01, clients=50) for name in ("first", "second"))
    told: list[str] = []
    bench = Bench(generator=programs.load, tell=told.append)
    cells: Cells = {"first": {}, "second": {}}
    for reverse in (False, True):
        one_round(bench, Group(name="g", works=works), systems, cells, reverse=reverse)
    order = [line.split(": ")[:2] for line in told if "/s" in line]
    assert [(work.strip(), name) for work, name in order] == [
        *(("first", "a"), ("first", "b"), ("second", "a"), ("second", "b")),
        *(("first", "b"), ("first", "a"), ("second", "b"), ("second", "a")),
    ]
    assert cells["first"]["broken"] == [{"failure": "it has no legs"}] * 2
    assert [len(rounds) for rounds in cells["second"].values()] == [2, 2, 2]


# The script.


def versus(*arguments: str, temporary: str | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts" / "bench" / "versus", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | ({} if temporary is None else {"TMPDIR": temporary}),
    )


def left_behind(session: int) -> list[int]:
    """Return what processes of a session live on, though they had a moment to end."""
    pids = [int(each.name) for each in Path("/proc").glob("[0-9]*") if session_of(each) == session]
    return [pid for pid in pids if not ends_soon(pid)]


def session_of(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text("utf-8").rpartition(")")[2].split()[3])
    except OSError:
        return None


def ends_soon(pid: int) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5)[0])
    finally:
        os.close(handle)


def test_the_script_tells_programs_every_figure() -> None:
    with versus("--only", "one-1", "--quick", "--json") as script:
        out, error = script.communicate()
    assert script.returncode == 0, error
    report = json.loads(out)
    assert {"echo", "stand-in", "pure"} <= report["cells"]["one-1"].keys()
    assert report["cells"]["one-1"]["pure"][0]["cpu_us"] > 0
    assert report["failures"] == []
    assert report["measured"] == {"one-1": report["date"]}
    assert left_behind(script.pid) == []


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_nothing_is_left_when_the_script_is_stopped(number: signal.Signals, status: int) -> None:
    with TemporaryDirectory() as temporary, versus("--only", "one", temporary=temporary) as script:
        assert script.stderr is not None
        while "stand-in" not in script.stderr.readline():
            pass
        script.send_signal(number)
        script.communicate()
    assert script.returncode == status
    assert left_behind(script.pid) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "speed"], "'speed' is none of one, flood, known, price, one-64, "),
        (["--rounds", "0"], "'0' is no number from 1 to 100"),
        (["--prototype", "x"], "--prototype COMMAND and --prototype-port N go together"),
        (["--quick", "--write"], "--quick measures nothing that is worth writing into performance.md"),
        (["--with", "/nowhere"], "cannot read /nowhere: No such file or directory"),
        (["--with", str(ROOT / "README.md")], "README.md is no report: it is not JSON"),
    ],
)
def test_a_mistake_on_the_command_line_is_told(arguments: list[str], told: str) -> None:
    with versus(*arguments) as script:
        _, error = script.communicate()
    assert script.returncode in {1, 2}
    assert told in error
    assert "Traceback" not in error
