"""What is wrong across a configuration, though every table is right by itself.

Each check takes plain parts of a draft, so that it runs on whatever of the file could be understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.config.document import Draft, draft_from_config
from herd.config.endpoint import is_loopback, is_wildcard
from herd.config.model import socket_in
from herd.config.ports import check_ports
from herd.config.problem import DocumentPath, Problem, did_you_mean, show_name, show_string
from herd.config.topology import parts, symmetric
from herd.config.trust import check_trust
from herd.core.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from herd.config.document import ServerDraft
    from herd.config.model import Config, Endpoint

MAX_SOCKET_PATH_BYTES: Final = 100
"""The path of a Unix socket ends at 107 bytes on Linux, at 103 elsewhere; a little is left for a suffix."""

_NAMED_AT_MOST: Final = 8


def check_config(config: Config) -> list[Problem]:
    """Return every error and warning of a configuration; one that was loaded has warnings at most."""
    return check_draft(draft_from_config(config))


def check_draft(draft: Draft) -> list[Problem]:
    """Return every error and warning across the tables of a draft."""
    neighbors = {name: server.neighbors for name, server in draft.servers.items()}
    problems = [*_check_neighbors(neighbors), *_check_both_sides(neighbors)]
    if not problems:
        problems += _check_parts(neighbors)
    problems += check_ports(draft.servers)
    problems += _check_reach(draft.servers)
    problems += check_trust(draft)
    problems += _check_promises(draft)
    problems += _check_limits(draft.limits, draft.wrong_limits)
    problems += _check_sockets(draft)
    return problems


def _check_neighbors(neighbors: Mapping[str, Sequence[str] | None]) -> Iterator[Problem]:
    """Find names that are no servers, servers that name themselves, and names that stand twice."""
    for name, named in neighbors.items():
        for index, other in enumerate(named or ()):
            path: DocumentPath = ("servers", name, "neighbors", index)
            if other == name:
                yield Problem(path=path, message=f"{show_name(name)} is its own neighbor")
            elif other not in neighbors:
                known = [show_name(each) for each in neighbors][:_NAMED_AT_MOST]
                more = ", …" if len(neighbors) > len(known) else ""
                hint = did_you_mean(other, neighbors, f"; there are {', '.join(known)}{more}")
                yield Problem(path=path, message=f"there is no server {show_string(other)}{hint}")
            elif other in (named or ())[:index]:
                yield Problem(path=path, message=f"{show_name(other)} stands here twice")


def _check_both_sides(neighbors: Mapping[str, Sequence[str] | None]) -> Iterator[Problem]:
    """Find links that only one of their two servers names."""
    for name, named in neighbors.items():
        for other in dict.fromkeys(named or ()):
            back = neighbors.get(other)
            if other != name and back is not None and name not in back:
                one, two = show_name(name), show_name(other)
                yield Problem(
                    path=("servers", other, "neighbors"),
                    message=f"{one} names {two}, so {two} must name {one}: a link has two sides",
                )


def _check_parts(neighbors: Mapping[str, Sequence[str] | None]) -> Iterator[Problem]:
    """Find servers that no way of links leads between."""
    if any(named is None for named in neighbors.values()):
        return
    found = parts(symmetric({name: named or () for name, named in neighbors.items()}))
    if len(found) > 1:
        told = " | ".join(", ".join(map(show_name, part)) for part in found)
        message = f"no link joins these {len(found)} parts of the herd, so they never agree: {told}"
        yield Problem(severity="warning", path=("servers",), message=message)


def _check_reach(servers: Mapping[str, ServerDraft]) -> Iterator[Problem]:
    """Find links that neighbors on other machines cannot reach, though they are open to them."""
    for name, server in servers.items():
        if server.links is not None and server.neighbors and _only_dialed_here(server.links):
            yield Problem(
                severity="warning", path=("servers", name, "links"), message=_say_where_to_dial(server.links)
            )


def _say_where_to_dial(links: Endpoint) -> str:
    scheme = links.scheme
    table = f'links = {{ listen = "{scheme}:{links.listen}", dial = "{scheme}:HOST:{links.dial.port}" }}'
    return f"neighbors dial {links.dial}, which only those on this machine can reach; for others: {table}"


def _only_dialed_here(links: Endpoint) -> bool:
    return is_wildcard(links.listen.host) and is_loopback(links.dial.host)


def _check_promises(draft: Draft) -> Iterator[Problem]:
    """Find servers that promise what no neighbor of theirs can keep."""
    for name, server in draft.servers.items():
        if (server.durability or draft.durability) == "neighbor" and server.neighbors == ():
            message = (
                f"{show_name(name)} promises that a neighbor has each report, and has none: give it one, or "
                'durability = "memory" or "disk"'
            )
            key = ("durability",) if server.durability else ()
            yield Problem(path=("servers", name, *key), message=message)


def _check_limits(limits: Limits, wrong: frozenset[str]) -> Iterator[Problem]:
    """Find limits that contradict each other; those that are wrong by themselves contradict none."""
    if limits.client_id_bytes >= limits.line_bytes and not wrong & {"client_id_bytes", "line_bytes"}:
        yield _limit(
            "client_id_bytes",
            f"{limits.client_id_bytes} must be less than line_bytes, {limits.line_bytes}: "
            "an id is only one word of its line",
        )
    if limits.reconnect_min_s > limits.reconnect_max_s and not wrong & {"reconnect_min_s", "reconnect_max_s"}:
        yield _limit(
            "reconnect_min_s",
            f"{limits.reconnect_min_s:g} must not be more than reconnect_max_s, {limits.reconnect_max_s:g}",
        )
    if limits.link_silence_s <= limits.heartbeat_s and not wrong & {"link_silence_s", "heartbeat_s"}:
        yield _limit(
            "link_silence_s",
            f"{limits.link_silence_s:g} must be more than heartbeat_s, {limits.heartbeat_s:g}: "
            "or every idle link is taken for dead",
        )
    # The default bound of one address is no contradiction: nobody wrote it.
    is_own = limits.connections_per_address != Limits().connections_per_address
    if is_own and limits.connections_per_address > limits.connections and "connections" not in wrong:
        yield _limit(
            "connections_per_address",
            f"{limits.connections_per_address} must not be more than connections, {limits.connections}: "
            "it would never be reached",
        )


def _limit(key: str, message: str) -> Problem:
    return Problem(path=("limits", key), message=message)


def _check_sockets(draft: Draft) -> Iterator[Problem]:
    """Find out whether the longest path of a control socket fits."""
    if draft.state is None or not draft.servers:
        return
    longest = max(draft.servers, key=lambda name: len(name.encode()))
    size = len(bytes(socket_in(draft.state, longest)))
    if size > MAX_SOCKET_PATH_BYTES:
        message = (
            f"the path of the control socket of {show_name(longest)} would have {size} bytes, and "
            f"{MAX_SOCKET_PATH_BYTES} are the most: set a shorter state than {show_string(str(draft.state))}"
        )
        yield Problem(path=("state",), message=message)
