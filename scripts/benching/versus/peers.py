"""What herd is compared with: Redis, NATS, mosquitto, and a server that only echoes.

Each gets what it needs to do the same job, and nothing that it does not: Redis saves nothing, as herd's
durability `memory` does not; one primary takes all reports, because no other server may, and four follow it.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from benching.versus.daemons import HOST, ask, daemon, program, wait_until, wait_until_open
from benching.versus.target import Target

from herd.core.errors import HerdError
from herd.testing.herd import ReservedPorts

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS: Final = 5
"""As many as the specification's herd has."""

_REDIS: Final = ("--bind", HOST, "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", 0)


def _found(name: str) -> str:
    path = program(name)
    if path is None:
        raise HerdError(f"{name} is not installed")
    return path


@contextmanager
def redis(speak: str) -> Iterator[Target]:
    """Run one Redis."""
    with ReservedPorts() as ports:
        port = next(ports)
        pid = ports.enter_context(daemon(_found("redis-server"), "--port", port, *_REDIS))
        wait_until_open(port, "Redis")
        yield Target(pids=(pid,), speak=speak, to=(f"{HOST}:{port}",))


@contextmanager
def redis_replicated(speak: str) -> Iterator[Target]:
    """Run a primary and four replicas."""
    with ReservedPorts() as reserved:
        primary, *_ = ports = [next(reserved) for _ in range(SERVERS)]
        pids = []
        for port in ports:
            follow = () if port == primary else ("--replicaof", f"{HOST} {primary}")
            pids.append(
                reserved.enter_context(daemon(_found("redis-server"), "--port", port, *_REDIS, *follow))
            )
            wait_until_open(port, "Redis")

        def is_settled() -> bool:
            said = [_replication(port) for port in ports]
            offset = said[0]["master_repl_offset"]
            return all(
                each["master_link_status"] == "up" and each["slave_repl_offset"] == offset
                for each in said[1:]
            )

        def settle() -> None:
            wait_until("every replica has everything", is_settled, 30, 0.05)

        settle()
        yield Target(
            pids=tuple(pids),
            speak=speak,
            to=(f"{HOST}:{primary}",),
            observe=tuple(f"{HOST}:{port}" for port in ports),
            observe_as="redis",
            settle=settle,
        )


def _replication(port: int) -> dict[str, str]:
    said = ask(port, b"INFO replication\r\n", b"\r\n\r\n").decode()
    return dict(line.split(":", 1) for line in said.splitlines() if ":" in line)


@contextmanager
def nats() -> Iterator[Target]:
    """Run a full mesh of five, reports spread over all."""
    with ReservedPorts() as reserved:
        ports = [[next(reserved) for _ in range(SERVERS)] for _ in range(3)]
        clients, routes, monitors = ports
        pids = [
            reserved.enter_context(
                daemon(
                    _found("nats-server"),
                    *("-a", HOST, "-p", clients[each], "--http_port", monitors[each]),
                    *("--cluster_name", "versus", "--cluster", f"nats://{HOST}:{routes[each]}"),
                    *(
                        "--routes",
                        ",".join(f"nats://{HOST}:{port}" for port in routes if port != routes[each]),
                    ),
                )
            )
            for each in range(SERVERS)
        ]

        def is_whole() -> bool:
            return all(_routes(port) >= SERVERS - 1 for port in monitors)

        wait_until("every NATS server knows every other", is_whole)
        addresses = tuple(f"{HOST}:{port}" for port in clients)
        yield Target(pids=tuple(pids), speak="nats", to=addresses, observe=addresses, observe_as="nats")


def _routes(port: int) -> int:
    said = ask(port, b"GET /routez HTTP/1.0\r\n\r\n", b"\0")
    return int(json.loads(said.partition(b"\r\n\r\n")[2])["num_routes"])


@contextmanager
def mosquitto() -> Iterator[Target]:
    """Run one broker of MQTT that keeps nothing on disk and bounds no queue."""
    with ReservedPorts() as ports, TemporaryDirectory(prefix="versus-") as directory:
        port = next(ports)
        file = Path(directory, "mosquitto.conf")
        # A process that gives up being root would not be killed with this program.
        file.write_text(
            f"user root\nlistener {port} {HOST}\nallow_anonymous true\npersistence false\nlog_type none\n"
            "set_tcp_nodelay true\nmax_queued_messages 0\n"
        )
        pid = ports.enter_context(daemon(_found("mosquitto"), "-c", file))
        wait_until_open(port, "mosquitto")
        yield Target(pids=(pid,), speak="mqtt", to=(f"{HOST}:{port}",))


@contextmanager
def echo(path: Path) -> Iterator[Target]:
    """Run what the kernel alone costs."""
    with ReservedPorts() as ports:
        port = next(ports)
        pid = ports.enter_context(daemon(str(path), port))
        wait_until_open(port, "the echo")
        yield Target(pids=(pid,), speak="echo", to=(f"{HOST}:{port}",))
