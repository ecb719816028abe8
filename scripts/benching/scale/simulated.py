"""The curves of many servers, by `herd sim run`: messages and bytes an update, and how fast all know it.

Each herd is simulated twice, with different work over the same time: heartbeats and handshakes are the same,
so the difference of the bytes is what the updates between cost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benching.progress import tell
from benching.scale.curves import Cost, Curve

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Sequence

LINKS_A_SERVER: Final = 4
SERVERS: Final = 100
"""Where only the links a server grow."""
_WORK_S: Final = 4.0
_REPORTS_EVERY_S: Final = (2.0, 0.5)

SCENARIO: Final = '''\
"""{servers} servers with {degree} links each, on average."""

from herd.sim.engine.chance import Stream
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.topologies import random_graph
from herd.sim.herds.work import Work

scenario = HerdScenario(
    about="{servers} servers with {degree} links each, on average, and nothing goes wrong.",
    herd=HerdPlan(topology=random_graph({servers}, {degree}, Stream({servers}))),
    work=Work(clients=3, report_every_s={every_s}, strange_share=0.0, silent_share=0.0),
    duration_s={work_s},
    settle_s=2.0,
    last_look_s=4.0,
    audited=1,
).scenario()
'''


def simulate(servers: int, degree: int, every_s: float, limit_s: float) -> dict[str, Any]:
    """Return the figures of one herd."""
    text = SCENARIO.format(servers=servers, degree=degree, every_s=every_s, work_s=_WORK_S)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "scale.py"
        file.write_text(text, "utf-8")
        command = [sys.executable, "-m", "herd.cli", "sim", "run", str(file), "--seed", "1", "--json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
        except subprocess.TimeoutExpired:
            raise HerdError(f"{servers:,} servers are not simulated after {limit_s:g} s") from None
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines() or [f"exit status {done.returncode}"]
        raise HerdError(f"{servers:,} servers could not be simulated: {lines[-1]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["figures"]
    return figures


def row(servers: int, degree: int, limit_s: float) -> dict[str, float]:
    """Simulate a herd twice; return what an update costs."""
    tell(f"{servers:,} simulated servers with {degree} links each")
    some, more = (simulate(servers, degree, every_s, limit_s) for every_s in _REPORTS_EVERY_S)
    return costs(some, more, servers)


def costs(some: dict[str, Any], more: dict[str, Any], servers: int) -> dict[str, float]:
    """Return what an update costs, of a herd's figures with some work and with more."""
    updates = more["updates"] - some["updates"]
    messages = more["messages between servers"]["AT"] - some["messages between servers"]["AT"]
    size = more["bytes between servers"] - some["bytes between servers"]
    return {
        "messages": messages / updates,
        "messages_a_server": messages / updates / servers,
        "bytes": size / updates,
        "bytes_a_server": size / updates / servers,
        "p50_ms": more["convergence in ms"]["p50"],
        "max_ms": more["convergence in ms"]["max"],
    }


_MESSAGES: Final = Cost("messages", "messages an update", power=1)
_BYTES: Final = Cost("bytes", "bytes an update", power=1, digits=0)


def by_servers(counts: Sequence[int], limit_s: float) -> Curve:
    """Simulate larger and larger herds."""
    degrees = {count: min(LINKS_A_SERVER, count - 1) for count in counts}
    return Curve(
        name="servers",
        title="Servers",
        about=f"random graphs with {LINKS_A_SERVER} links a server, 5 ms each; three clients",
        cause="servers",
        costs=(
            _MESSAGES,
            Cost("messages_a_server", "messages a server", power=0, digits=2),
            _BYTES,
            Cost("p50_ms", "p50 ms to a server", power=0.5),
            Cost("max_ms", "ms to the last", power=0.5),
        ),
        rows=[{"cause": count, **row(count, degree, limit_s)} for count, degree in degrees.items()],
    )


def by_degree(counts: Sequence[int], limit_s: float) -> Curve:
    """Simulate a herd with more and more links a server."""
    return Curve(
        name="degree",
        title="Links a server",
        about=(
            f"random graphs of {SERVERS} servers, links of 5 ms, three clients; a server passes a record on "
            "to all neighbors but one, so powers are of the links less one"
        ),
        cause="links a server",
        costs=(
            _MESSAGES,
            Cost("messages_a_server", "messages a server", power=1, digits=2),
            _BYTES,
            Cost("p50_ms", "p50 ms to a server", power=0),
            Cost("max_ms", "ms to the last", power=0),
        ),
        rows=[
            {"cause": degree, "work": max(degree - 1, 1), **row(SERVERS, degree, limit_s)}
            for degree in counts
        ],
    )
