"""Prototypes of a herd: a stand-in of our own, and a published one that somebody has fetched."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen
from benching.versus.daemons import HOST, daemon, wait_until_open
from benching.versus.target import Target

from herd.testing.herd import ReservedPorts

if TYPE_CHECKING:
    from collections.abc import Iterator


@frozen
class Published:
    """How to run a published prototype."""

    command: str
    port: int
    directory: Path
    crlf: bool
    r"""Whether its lines end with `\r\n`, as those of Twisted's `LineReceiver` do unless told otherwise."""


@contextmanager
def stand_in() -> Iterator[Target]:
    """Run the stand-in, one server without neighbors."""
    with ReservedPorts() as ports:
        port = next(ports)
        program = Path(__file__).with_name("stand_in.py")
        pid = ports.enter_context(daemon(sys.executable, program, "Alford", port))
        wait_until_open(port, "the stand-in")
        yield Target(pids=(pid,), speak="herd", to=(f"{HOST}:{port}",))


@contextmanager
def run(published: Published) -> Iterator[Target]:
    """Run a published prototype."""
    with daemon(*shlex.split(published.command), cwd=published.directory) as pid:
        wait_until_open(published.port, "the prototype")
        speak = "herd-crlf" if published.crlf else "herd"
        yield Target(pids=(pid,), speak=speak, to=(f"{HOST}:{published.port}",))
