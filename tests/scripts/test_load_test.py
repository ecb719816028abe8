"""`scripts/load-test`: with herds of its own and others', at a rate, against servers that answer wrongly."""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from hdrh.histogram import HdrHistogram
from loading.herds import OBSERVER
from loading.own_herd import OwnHerd
from loading.report import KEYS

from herd.config.endpoint import endpoint_from_address
from herd.config.load import load_config
from herd.config.model import Address, Links, Server
from herd.core.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "load-test"


def load_test(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Serve a port that answers each line with these bytes, or, for none, closes."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while answer and self.rfile.readline():
                self.wfile.write(answer)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def figures(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_order(summary: dict[str, float]) -> None:
    assert list(summary) == ["p50", "p90", "p99", "p99.9", "max"]
    assert summary["p50"] > 0
    assert list(summary.values()) == sorted(summary.values())


def test_a_herd_of_its_own_at_a_rate_and_when_each_server_knows(tmp_path: Path) -> None:
    plot = tmp_path / "load.html"
    load = ["--rate", "200", "--seconds", "1.2", "--whatsat-percent", "20", "--processes", "2"]
    done = load_test(*load, "--convergence", "--plot", str(plot), "--json")
    assert done.returncode == 0, done.stdout
    found = figures(done)
    assert found["iamat"] + found["whatsat"] + found["never_sent"] == 240
    assert found["whatsat"] > 0
    assert found["latency_from"] == "when due"
    check_order(found["latency_ms"])
    assert found["servers_cpu_us_per_answer"] > 0
    assert found["own_cpu_us_per_answer"] > 0
    assert (found["errors"], found["first_error"], found["ended_early"]) == (0, None, False)
    assert HdrHistogram.decode(found["latency_hdr"]).get_total_count() == 240
    assert done.stderr.splitlines()[0].endswith(" ms  0 errors")

    convergence = found["convergence"]
    assert list(convergence["servers"]) == ["Alford", "Ball", "Hamilton", "Holiday", "Welsh"]
    for seen in [*convergence["servers"].values(), convergence["everywhere"]]:
        assert (seen["records"], seen["superseded"]) == (found["iamat"], 0)
        check_order(seen["ms"])
    slowest = max(seen["ms"]["max"] for seen in convergence["servers"].values())
    assert convergence["everywhere"]["ms"]["max"] == pytest.approx(slowest, rel=1e-2)
    assert (convergence["lost"], convergence["from"]) == ([], "when due")
    assert plot.read_text().startswith("<!DOCTYPE html>")
    assert "</svg>\n<pre>answers " in plot.read_text()


def test_a_herd_that_runs_is_observed_as_one_of_its_servers() -> None:
    secret = "a secret of over sixteen bytes"
    config = evolve(load_config(), links=Links(secret_env="LOAD_TEST_SECRET"))
    with OwnHerd(config, environ={"LOAD_TEST_SECRET": secret}) as herd:
        load = ["--config", str(herd.directory / "herd.toml"), "--seconds", "0.2", "--json"]
        done = load_test(*load, "--observe-as", "Welsh", LOAD_TEST_SECRET=secret)
        assert "scripts/load-test: Welsh runs, its links at 127.0.0.1:" in done.stderr
        herd.stop("Welsh")

        done = load_test(*load, "--observe-as", "Welsh", LOAD_TEST_SECRET=secret)
        assert done.returncode == 0, done.stdout + done.stderr
        found = figures(done)
        assert list(found["convergence"]["servers"]) == ["Alford", "Ball"]
        assert found["plan"]["servers"] == 4
        for seen in found["convergence"]["servers"].values():
            assert seen["records"] + seen["superseded"] == found["iamat"]
        assert found["servers_cpu_us_per_answer"] is not None

        done = load_test(*load, "--observe-as", "Welsh", LOAD_TEST_SECRET="another of over sixteen bytes")
        assert done.stderr.startswith("scripts/load-test: cannot observe Alford: it ")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_an_observer_keeps_no_promise_and_sees_what_was_overtaken() -> None:
    """Its acknowledgements are not those of a neighbor that holds the report."""
    here = endpoint_from_address(Address("127.0.0.1", 1))
    config = evolve(
        load_config(),
        servers=tuple(
            Server(name=name, clients=here, links=here, neighbors=(other,))
            for name, other in (("Alford", OBSERVER), (OBSERVER, "Alford"))
        ),
        durability="neighbor",
        limits=Limits(promise_timeout_s=0.2),
    )
    with OwnHerd(config) as herd:
        file = str(herd.directory / "herd.toml")
        load = ["--clients", "3", "--connections", "3", "--pipeline", "100", "--seconds", "0.3"]
        done = load_test("--config", file, "--observe-as", OBSERVER, *load, "--json")
    found = figures(done)
    (seen,) = found["convergence"]["servers"].values()
    assert (found["iamat"], found["refused"]) == (0, found["errors"])
    assert 3 <= seen["records"] < found["refused"]


def test_ctrl_c_ends_early_with_a_report() -> None:
    command = [sys.executable, str(SCRIPT), "--rate", "100", "--duration", "60", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        assert " of 60 s " in process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)
        output, said = process.communicate()
    found = json.loads(output)
    assert "ending early" in said
    assert (process.returncode, found["ended_early"], found["errors"]) == (0, True, 0)
    assert found["seconds"] < 30
    assert found["iamat"] > 0


def test_killed_it_leaves_nobody_behind() -> None:
    command = [sys.executable, str(SCRIPT), "--convergence", "--rate", "100", "--duration", "60"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert " of 60 s " in process.stderr.readline()
        process.kill()
        process.communicate(timeout=30)  # until the last of its processes has let go of standard error


@pytest.mark.parametrize("pipeline", ["1", "64"])
def test_it_measures_itself(pipeline: str) -> None:
    load = ["--self-test", "--seconds", "0.3", "--whatsat-percent", "10", "--pipeline", pipeline]
    done = load_test(*load, "--json")
    assert done.returncode == 0, done.stdout
    found = figures(done)
    assert found["self_test"] is True
    assert (found["errors"], found["convergence"]) == (0, None)
    assert found["per_s"] > 100
    assert found["own_cpu_us_per_answer"] > 0
    assert found["servers_cpu_us_per_answer"] is not None
    assert [key for key in found if key not in KEYS] == []


def test_refusals_are_errors() -> None:
    with answering(b"? no\n") as address:
        done = load_test("--connect", address, "--seconds", "0.2", "--connections", "2", "--json")
    assert done.returncode == 1
    found = figures(done)
    assert found["errors"] == found["refused"] > 0
    assert (found["iamat"], found["first_error"]) == (0, "refused: b'? no\\n'")
    assert found["servers_cpu_us_per_answer"] is None


def test_wrong_answers_are_errors() -> None:
    with answering(b"AT Alford +0.1 somebody-else +1+1 5\n") as address:
        done = load_test("--connect", address, "--seconds", "0.2", "--connections", "1")
    assert done.returncode == 1
    assert "answers    0 a second; 0 IAMAT, 0 WHATSAT" in done.stdout
    assert "first a wrong answer: b'AT Alford +0.1 somebody-else +1+1 5\\n' to b'load-" in done.stdout


def test_lost_connections_are_errors_and_end_it() -> None:
    with answering(b"") as address:
        done = load_test("--connect", address, "--seconds", "60", "--connections", "3", "--json")
    assert done.returncode == 1
    found = figures(done)
    assert found["connections_lost"] == 3
    assert found["first_error"].startswith("a connection was lost: ")


def test_nobody_there_is_one_line() -> None:
    with answering(b"") as address:
        pass
    done = load_test("--connect", address, "--seconds", "0.2")
    assert done.returncode == 1
    assert done.stderr.startswith(f"scripts/load-test: cannot connect to {address}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rate", "many"], "--rate: 'many' is no number"),
        (["--duration", "0"], "--duration/--seconds: 0 is not between 0.1 and 86,400"),
        (["--connect", "12480"], "--connect: '12480' is not HOST:PORT"),
        (["--plot", "load.png"], "--plot: 'load.png' does not end in .svg or .html"),
        (
            ["--self-test", "--convergence"],
            "--convergence is for servers of its own; with --config use --observe",
        ),
        (["--observe-as", "Ball"], "--observe-as needs --config"),
        (["--connect", "h:1", "--no-log-lines"], "--no-log-lines is for servers of its own"),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(arguments: list[str], complaint: str) -> None:
    done = load_test(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_an_observer_must_be_somebody(tmp_path: Path) -> None:
    config = tmp_path / "herd.toml"
    config.write_text((ROOT / "conf" / "herd.toml").read_text())
    done = load_test("--config", str(config), "--observe-as", "Campbell")
    assert (done.returncode, done.stdout) == (1, "")
    names = "Alford, Ball, Hamilton, Holiday, Welsh"
    assert done.stderr == f"scripts/load-test: {config} has no server Campbell; there are {names}\n"


def test_help_has_examples_and_tells_the_keys() -> None:
    done = load_test("--help")
    assert done.returncode == 0
    assert "scripts/load-test --rate 2000 --duration 10" in done.stdout
    assert KEYS in done.stdout
