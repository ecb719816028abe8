"""`scripts/load-test`: with a herd of its own, at a rate, and against servers that answer wrongly."""

from __future__ import annotations

import json
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def load_test(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "load-test", *arguments],
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


def test_a_herd_of_its_own_at_a_rate() -> None:
    done = load_test("--rate", "200", "--seconds", "1", "--whatsat-percent", "20", "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found = figures(done)
    assert found["iamat"] + found["whatsat"] + found["never_sent"] == 200
    assert found["whatsat"] > 0
    assert found["latency_from"] == "when due"
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"] <= found["latency_ms"]["max"]
    assert found["servers_cpu_us_per_answer"] > 0
    assert found["own_cpu_us_per_answer"] > 0
    assert (found["errors"], found["first_error"]) == (0, None)


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


def test_lost_connections_are_errors() -> None:
    with answering(b"") as address:
        done = load_test("--connect", address, "--seconds", "0.2", "--connections", "3", "--json")
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


def test_help_has_an_example() -> None:
    done = load_test("--help")
    assert done.returncode == 0
    assert "example: scripts/load-test --rate 2000 --seconds 10" in done.stdout
