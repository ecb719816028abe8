"""A short real session with a herd: a client reports where it is at one server, and is asked for at another.

It is shown as a person at telnet would see it, and every answer is checked. Blocking, made for a thread.
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from herd.cli.conversation import converse, trust_of
from herd.cli.links import farthest
from herd.core.errors import HerdError
from herd.core.position import Position
from herd.places.geometry import distance_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.config.model import Config

CLIENT: Final = "kiwi.cs.ucla.edu"
POSITION: Final = "+34.068930-118.445127"
WHERE: Final = Position(34.068930, -118.445127)
RADIUS_KM: Final = 10
BOUND: Final = 5

SLACK: Final = 1.005
"""A provider may measure on the ellipsoid, we on the sphere: they differ by half a percent at most."""

FLOOD_S: Final = 2.0
"""How long a record may take to the other server: it takes milliseconds, but the machine may be busy."""

AGAIN_S: Final = 0.01
"""Between two questions to a server that does not know the client yet."""

ANSWER_S: Final = 15.0
"""The longest that one answer may take; a server gives up its places provider long before."""


@frozen
class Exchange:
    """One line sent to a server, and what came back; texts, for a person."""

    server: str
    line: str
    answer: str


def run_session(
    config: Config,
    names: tuple[str, ...],
    tell: Callable[..., None],
    time_ns: Callable[[], int] = time.time_ns,
) -> bool:
    """Hold the session with the running servers `names` and tell it; return whether every answer was right.

    The client reports at the first server of the file and is asked for at the farthest from it: Alford and
    Holiday in the packaged configuration.
    """
    first = names[0]
    last = farthest(config, names, first)
    try:
        problems = _hold(config, (first, last), tell, time_ns)
    except HerdError as error:
        problems = [str(error)]
    if not problems:
        same = f"{last} has the AT line that {first} gave"
        tell("right", f"\nEvery answer is right: {same}, and no place is farther than {RADIUS_KM} km.")
    for problem in problems:
        tell("wrong", f"\nNot right: {problem}", problem=problem)
    return not problems


def _hold(
    config: Config, servers: tuple[str, str], tell: Callable[..., None], time_ns: Callable[[], int]
) -> list[str]:
    first, last = servers
    now = time_ns()
    iamat = f"IAMAT {CLIENT} {POSITION} {now // 10**9}.{now % 10**9:09d}"
    reported = _exchange(config, first, iamat)
    _show(config, reported, tell)
    problems = check_iamat(reported)
    if problems:
        return problems
    whatsat = f"WHATSAT {CLIENT} {RADIUS_KM} {BOUND}"
    began, asked = time.monotonic(), 1
    found = _exchange(config, last, whatsat)
    while found.answer.startswith("? ") and time.monotonic() - began < FLOOD_S:
        time.sleep(AGAIN_S)
        asked += 1
        found = _exchange(config, last, whatsat)
    if asked > 1:
        took_ms = 1000 * (time.monotonic() - began)
        text = f"\n({last} did not know {CLIENT} yet: asked {asked} times in {took_ms:.0f} ms)"
        tell("asked-again", text, server=last, times=asked)
    _show(config, found, tell)
    return check_whatsat(found, reported.answer.removesuffix("\n"))


def _exchange(config: Config, server: str, line: str) -> Exchange:
    address, trust = config.server(server).clients.dial, trust_of(config, server)
    pieces = converse(address, line.encode() + b"\n", ANSWER_S, trust)
    return Exchange(server, line, b"".join(pieces).decode(errors="backslashreplace"))


def _show(config: Config, exchange: Exchange, tell: Callable[..., None]) -> None:
    server, line, answer = exchange.server, exchange.line, exchange.answer
    at = config.server(server).clients.dial
    tell(
        "exchange",
        f"\n{server}, {at}\n> {line}\n{answer.rstrip()}",
        server=server,
        line=line,
        answer=answer,
    )


def check_iamat(exchange: Exchange) -> list[str]:
    """Return what is wrong with the answer to an IAMAT: it is to be one AT line made by that very server."""
    report = re.escape(exchange.line.removeprefix("IAMAT "))
    if re.fullmatch(rf"AT {re.escape(exchange.server)} [+-]\d+\.\d{{9}} {report}\n", exchange.answer):
        return []
    return [f"{exchange.server} did not answer the IAMAT with its own AT line"]


def check_whatsat(exchange: Exchange, at_line: str) -> list[str]:
    """Return what is wrong with the answer to a WHATSAT: `at_line`, JSON with places, two newlines."""
    first, _, rest = exchange.answer.partition("\n")
    name = exchange.server
    if first != at_line:
        return [f"{name} does not have the AT line that the client was given"]
    try:
        found = json.loads(rest)
    except ValueError as error:
        return [f"what {name} says after the AT line is no JSON: {error}"]
    if not isinstance(found, dict):
        return [f"{name} gives JSON that is no object"]
    problems = [] if rest.endswith("\n\n") else [f"{name} does not end its answer with two newlines"]
    return problems + _check_places(name, found)


def _check_places(name: str, found: dict[str, Any]) -> list[str]:
    status, results = found.get("status"), found.get("results")
    if status != "OK" or not isinstance(results, list) or not results:
        reason = f": {found['error_message']}" if found.get("error_message") else ""
        return [f"{name} found no places, status {status}{reason}"]
    problems = [f"{name} gives {len(results)} places, more than {BOUND}"] if len(results) > BOUND else []
    distance_km = distance_from(WHERE)
    for place in results:
        try:
            location = place["geometry"]["location"]
            away_km = distance_km(float(location["lat"]), float(location["lng"]))
        except (LookupError, TypeError, ValueError):
            problems.append(f"{name} gives a place without a location: {place}")
            continue
        if away_km > RADIUS_KM * SLACK:
            problems.append(f"{name} gives {place.get('name')}, {away_km:.1f} km away, more than {RADIUS_KM}")
    return problems
