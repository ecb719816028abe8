"""The curves of one real server: clients, busy connections, idle connections."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from benching.filling import chunks, fill, iamat
from benching.progress import tell
from benching.scale.curves import Cost, Curve
from benching.scale.load import Connections, cpu_us_per_update, later_reports
from benching.servers import alone, herd_server
from benching.usage import cpu_s, settled_resident_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from benching.servers import Running

BUSY: Final = 10
CLIENTS: Final = 10_000
QUIET_S: Final = 5.0
_LIMITS: Final = {"connections": 100_000, "connections_per_address": 100_000}
_CPU: Final = Cost("cpu_us", "CPU µs an update", power=0, digits=2)


def _server(core: str, clients: int = CLIENTS) -> AbstractContextManager[Running]:
    return herd_server(alone({**_LIMITS, "clients_held": max(1_000_000, clients)}), core)


def _filled(server: Running, clients: int) -> None:
    with server.connect() as connection:
        fill(connection, chunks((iamat,), clients))


def by_clients(core: str, counts: Sequence[int], updates: int) -> Curve:
    """Measure an update, and a client's memory, with more and more clients."""
    rows = []
    for clients in counts:
        tell(f"{clients:,} clients")
        with _server(core, clients) as server, Connections(server) as connections:
            empty = settled_resident_bytes(server.pid)
            _filled(server, clients)
            grown = settled_resident_bytes(server.pid) - empty
            busy = connections.add(BUSY)
            cpu_us_per_update(server, busy, later_reports(clients, 0, updates // 4))
            cpu_us = cpu_us_per_update(server, busy, later_reports(clients, updates, updates))
        rows.append({"cause": clients, "cpu_us": cpu_us, "bytes": grown / clients})
    return Curve(
        name="clients",
        title="Clients held",
        about=f"{updates:,} updates of clients in no order, over {BUSY} connections, 16 deep",
        cause="clients",
        costs=(_CPU, Cost("bytes", "bytes a client", digits=0)),
        rows=rows,
    )


def by_busy_connections(core: str, counts: Sequence[int], updates: int) -> Curve:
    """Measure an update that comes over more and more connections."""
    rows = []
    for busy in counts:
        tell(f"{busy:,} busy connections")
        with _server(core) as server, Connections(server) as connections:
            _filled(server, CLIENTS)
            ends = connections.add(busy)
            cpu_us_per_update(server, ends, later_reports(CLIENTS, 0, updates // 4))
            cpu_us = cpu_us_per_update(server, ends, later_reports(CLIENTS, updates, updates))
        rows.append({"cause": busy, "cpu_us": cpu_us})
    return Curve(
        name="busy",
        title="Busy connections",
        about=f"{updates:,} updates of {CLIENTS:,} clients over so many connections, 16 deep",
        cause="busy connections",
        costs=(_CPU,),
        rows=rows,
    )


def by_idle_connections(core: str, counts: Sequence[int], updates: int) -> Curve:
    """Measure what connections cost that do nothing: memory, processor time, and others' updates."""
    rows = []
    with _server(core) as server, Connections(server) as connections:
        _filled(server, CLIENTS)
        busy = connections.add(BUSY)
        cpu_us_per_update(server, busy, later_reports(CLIENTS, 0, updates // 4))
        empty = settled_resident_bytes(server.pid)
        idle = 0
        for number, count in enumerate(counts, 1):
            tell(f"{count:,} idle connections")
            connections.add(count - idle)
            idle = count
            grown = settled_resident_bytes(server.pid) - empty
            cpu_ms = _cpu_ms_a_second(server)
            cpu_us = cpu_us_per_update(server, busy, later_reports(CLIENTS, number * updates, updates))
            row = {"cause": count, "kib": grown / 1024 / count, "cpu_ms": cpu_ms, "cpu_us": cpu_us}
            rows.append(row)
    return Curve(
        name="idle",
        title="Idle connections",
        about=f"connections that say nothing, beside {BUSY} that are busy at times",
        cause="idle connections",
        costs=(
            Cost("kib", "KiB a connection"),
            Cost("cpu_ms", "CPU ms a second", power=0, digits=2),
            _CPU,
        ),
        rows=rows,
    )


def _cpu_ms_a_second(server: Running) -> float:
    """Leave a server alone; return what it takes of its processor nevertheless."""
    began_s, began_cpu_s = time.monotonic(), cpu_s(server.pid)
    time.sleep(QUIET_S)
    return 1000 * (cpu_s(server.pid) - began_cpu_s) / (time.monotonic() - began_s)
