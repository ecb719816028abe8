"""A configuration as a person wants to see it, and as a program does.

    Alford    ───┬─────┐  12480    12580  Hamilton, Welsh
    Ball      ───┼─┬─┐ │  12481    12581  Holiday, Welsh

What matters is said below the drawing: what protects the links and what answers promise, how far apart the
farthest servers are, and which deaths cut the herd in parts. `tls:` stands before a port where it is spoken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from herd.config.drawing import draw_links
from herd.config.topology import Topology, cut_links, cut_servers, links, longest_path, parts, symmetric
from herd.config.trust import links_protection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from herd.config.model import Address, Config, Endpoint, Links, Tls
    from herd.config.problem import Problem

_TOLD_AT_MOST: Final = 5
"""Servers whose loss is told in full."""


def describe(config: Config) -> list[str]:
    """Return lines that show the servers, their ports and links, and what the topology means."""
    topology = _topology(config)
    endpoints = [each for server in config.servers for each in (server.clients, server.links)]
    hosts = dict.fromkeys(address.host for each in endpoints for address in (each.listen, each.dial))
    only_host = next(iter(hosts)) if len(hosts) == 1 else None
    counts = [_count(len(config.servers), "server"), _count(len(links(topology)), "link")]
    place = f", all on {only_host}" if only_host else ""
    rows = [["SERVER", "", "CLIENTS", "LINKS", "NEIGHBORS"]]
    rows += [
        [
            server.name,
            drawing,
            _where(server.clients, short=only_host is not None),
            _where(server.links, short=only_host is not None),
            ", ".join(server.neighbors) or "none",
        ]
        for server, drawing in zip(config.servers, draw_links(topology), strict=True)
    ]
    return [
        f"Herd {config.name}, {config.source}: {' and '.join(counts)}{place}.",
        "",
        *_columns(rows),
        "",
        f"Links: {links_protection(config)}.",
        *_durability(config),
        *_meaning(topology),
    ]


def as_json(config: Config) -> dict[str, Any]:
    """Return the whole configuration, defaults included, ready to be made JSON but for dates in options."""
    return {
        "name": config.name,
        "source": config.source,
        "state": str(config.state),
        "durability": config.durability,
        "servers": [
            {
                "name": server.name,
                "clients": _endpoint_json(server.clients),
                "links": _endpoint_json(server.links),
                "neighbors": list(server.neighbors),
                "durability": config.durability_of(server.name),
            }
            for server in config.servers
        ],
        "links": _table_json(config.links),
        "tls": _table_json(config.tls),
        "places": {"provider": config.places.provider, "options": config.places.options},
        "logging": {
            **attrs.asdict(config.logging),
            "directory": str(config.logging.directory or config.state),
        },
        "limits": attrs.asdict(config.limits),
    }


def topology_json(config: Config) -> dict[str, Any]:
    """Return what the topology means; `diameter` is null where the herd is in several parts."""
    topology = _topology(config)
    found = parts(topology)
    path = longest_path(topology)
    return {
        "links": [list(link) for link in links(topology)],
        "parts": [list(part) for part in found],
        "diameter": len(path) - 1 if len(found) == 1 else None,
        "longest_path": list(path),
        "cut_servers": list(cut_servers(topology)),
        "cut_links": [list(link) for link in cut_links(topology)],
    }


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem's fields; the path as a list of keys and indices."""
    return {
        "severity": problem.severity,
        "path": list(problem.path),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
    }


def _topology(config: Config) -> Topology:
    return symmetric({server.name: server.neighbors for server in config.servers})


def _table_json(table: Links | Tls) -> dict[str, str | None]:
    return {key: value and str(value) for key, value in attrs.asdict(table).items()}


def _endpoint_json(endpoint: Endpoint) -> dict[str, Any]:
    return attrs.asdict(endpoint)


def _where(endpoint: Endpoint, *, short: bool) -> str:
    def shown(address: Address) -> str:
        return str(address.port) if short else str(address)

    scheme = "" if endpoint.scheme == "tcp" else f"{endpoint.scheme}:"
    if endpoint.listen == endpoint.dial:
        return f"{scheme}{shown(endpoint.listen)}"
    return f"{scheme}{shown(endpoint.listen)} as {shown(endpoint.dial)}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()
        for row in rows
    ]


def _durability(config: Config) -> list[str]:
    """Say what answers promise, and whose, unless it is what they do everywhere unless told otherwise."""
    by_promise: dict[str, list[str]] = {}
    for name in config.names:
        by_promise.setdefault(config.durability_of(name), []).append(name)
    if list(by_promise) == ["memory"]:
        return []
    if len(by_promise) == 1:
        return [f"Durability: {next(iter(by_promise))}."]
    told = [f"{promise} ({', '.join(names)})" for promise, names in by_promise.items()]
    return [f"Durability: {', '.join(told)}."]


def _meaning(topology: Topology) -> list[str]:
    """Say what a person would otherwise have to find out from the drawing."""
    path = longest_path(topology)
    hops = len(path) - 1
    if not hops:
        return []
    lines = [f"Farthest apart are {path[0]} and {path[-1]}, {_count(hops, 'link')}: {' ─ '.join(path)}."]
    cut = cut_servers(topology)
    told = list(cut.items())[:_TOLD_AT_MOST]
    lines += [f"Without {name} the rest falls apart: {_parts(remaining)}." for name, remaining in told]
    if len(cut) > len(told):
        lines.append(f"And without {', '.join(list(cut)[len(told) :])}, likewise.")
    bridges = [f"{one} ─ {other}" for one, other in cut_links(topology)]
    if bridges:
        lines.append(f"Links that nothing goes around: {', '.join(bridges)}.")
    if not cut and len(parts(topology)) == 1:
        lines.append("Any one server can die, and the others still reach each other.")
    return lines


def _parts(found: Iterable[Sequence[str]]) -> str:
    return " | ".join(", ".join(part) for part in found)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
