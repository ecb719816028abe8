"""Ask running servers how they are, through their control sockets: one JSON object a line, each way.

Blocking, with a bound on time and size, so that it serves a command as well as a thread of `herd up`.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from herd.config.model import Config

TIMEOUT_S: Final = 2.0
"""A server answers within a reactor turn; one that takes longer than this is stuck."""

MAX_ANSWER_BYTES: Final = 4_000_000
"""A status takes some 200 bytes a neighbor."""

AT_ONCE: Final = 32
"""Servers asked at the same time, a thread each."""


class ControlError(HerdError):
    """A control socket that did not give an answer; the text says why."""


@frozen
class Standing:
    """How a server stands: its status, or why it could not be had."""

    name: str
    status: Mapping[str, Any] | None = None
    error: str | None = None
    neighbors: Mapping[str, Mapping[str, Any]] = field(init=False)
    """What the status says of each neighbor, by name; empty for a server that is down."""

    @neighbors.default
    def _by_name(self) -> Mapping[str, Mapping[str, Any]]:
        told = (self.status or {}).get("neighbors")
        listed = told if isinstance(told, list) else []
        return {each["name"]: each for each in listed if isinstance(each, dict) and "name" in each}


def ask(path: Path, request: Mapping[str, Any], timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
    """Return the answer's object, whose `ok` is true; a `ControlError` for anything else."""
    deadline = time.monotonic() + timeout_s
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = _read_line(connection, deadline)
    except TimeoutError as error:
        raise ControlError(f"no answer in {timeout_s:g} s") from error
    except FileNotFoundError as error:
        raise ControlError(f"not running here: no {path}") from error
    except ConnectionRefusedError as error:
        raise ControlError(f"not running: it died and left {path}") from error
    except OSError as error:
        raise ControlError(f"cannot be asked: {path}: {error.strerror or error}") from error
    return _read_answer(line)


def _read_line(connection: socket.socket, deadline: float) -> bytes:
    got = bytearray()
    while not got.endswith(b"\n") and len(got) < MAX_ANSWER_BYTES:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        chunk = connection.recv(65_536)
        if not chunk:
            break
        got += chunk
    return bytes(got)


def _read_answer(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError as error:
        raise ControlError("it closed its control socket without a whole answer") from error
    if not isinstance(answer, dict):
        raise ControlError("its answer is no JSON object")
    if answer.get("ok") is not True:
        raise ControlError(f"it refuses: {answer.get('error', 'it does not say why')}")
    return answer


def standing(config: Config, name: str, timeout_s: float = TIMEOUT_S) -> Standing:
    """Return how one server stands; a server that is down is no error."""
    try:
        status = ask(config.control_socket(name), {"command": "status"}, timeout_s).get("status")
    except ControlError as error:
        return Standing(name, error=str(error))
    if not isinstance(status, dict):
        return Standing(name, error="its status is no JSON object")
    return Standing(name, status=status)


def standings(config: Config, names: Iterable[str], timeout_s: float = TIMEOUT_S) -> tuple[Standing, ...]:
    """Return how each server stands, in the order of `names`; all are asked at once."""
    asked = tuple(names)
    with ThreadPoolExecutor(max_workers=max(1, min(AT_ONCE, len(asked)))) as pool:
        return tuple(pool.map(lambda name: standing(config, name, timeout_s), asked))


def remove_if_dead(path: Path) -> None:
    """Remove a control socket that no process listens on: a server that was killed left it."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(str(path))
    except ConnectionRefusedError:
        path.unlink(missing_ok=True)
    except OSError:
        pass  # there is none, or it is not ours, or somebody lives there
