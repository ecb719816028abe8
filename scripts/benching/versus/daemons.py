"""Peers as processes of this program: in directories of their own, and gone afterwards, however it ends."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benching.versus.generator import build

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HOST: Final = "127.0.0.1"
START_S: Final = 15.0
_STOP_S: Final = 5.0
_LOOK_S: Final = 0.02

PACKAGES: Final = {
    "redis-server": "redis-server",
    "nats-server": "nats-server",
    "mosquitto": "mosquitto",
}
"""Programs of peers, and the Debian package that has each."""

_MORE_PLACES: Final = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")


def program(name: str) -> str | None:
    """Return the path of a peer's program; servers are often where only an administrator's PATH leads."""
    return shutil.which(name) or shutil.which(name, path=":".join(_MORE_PLACES))


def missing() -> list[str]:
    """Tell of each peer that is not installed how to get it."""
    return [
        f"{name} is not installed: apt-get install {package}"
        for name, package in PACKAGES.items()
        if program(name) is None
    ]


@contextmanager
def daemon(name: str, *words: object, cwd: Path | None = None) -> Iterator[int]:
    """Run a program in a directory of its own; yields its process id."""
    with (
        tempfile.TemporaryDirectory(prefix="versus-") as directory,
        Path(directory, "output").open("wb") as out,
    ):
        command = [str(build().leash), str(os.getpid()), name, *(str(word) for word in words)]
        process = subprocess.Popen(
            command,
            cwd=cwd or directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until(
    what: str, is_so: Callable[[], bool], limit_s: float = START_S, look_s: float = _LOOK_S
) -> None:
    """Wait until something is so; a `HerdError` if it is not in time. A refused connection is not so."""
    until_s = time.monotonic() + limit_s
    while True:
        with suppress(OSError):
            if is_so():
                return
        if time.monotonic() > until_s:
            raise HerdError(f"after {limit_s:g} s: not {what}")
        time.sleep(look_s)


def wait_until_open(port: int, what: str) -> None:
    """Wait until a port takes connections."""

    def is_open() -> bool:
        socket.create_connection((HOST, port), timeout=1).close()
        return True

    wait_until(f"{what} listens on port {port}", is_open)


def ask(port: int, said: bytes, until: bytes, limit_s: float = 5.0) -> bytes:
    """Say something on a connection of its own; return what comes, up to `until` or the end."""
    with socket.create_connection((HOST, port), timeout=limit_s) as connection:
        connection.sendall(said)
        got = b""
        while until not in got:
            chunk = connection.recv(65_536)
            if not chunk:
                break
            got += chunk
        return got


def first_line(command: Sequence[str]) -> str:
    """Return the first line that a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_S)
    return (done.stdout or done.stderr).strip().partition("\n")[0]
