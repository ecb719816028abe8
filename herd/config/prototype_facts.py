"""What one value of a prototype's dictionary says of its server: a port, a host, neighbors, or several."""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve, frozen

_HOST_WORDS: Final = ("host", "ip", "addr", "server")


@frozen
class Facts:
    """What is said; None where nothing is."""

    port: int | None = None
    host: str | None = None
    neighbors: tuple[str | int, ...] | None = None
    """Names, or ports of neighbors."""


def facts_of(value: Any) -> Facts:
    """Tell what a value says, such as `12480`, `"12480"`, `("localhost", 12480)` or `["Ball", "Welsh"]`."""
    if isinstance(value, dict):
        return _of_fields(value)
    if isinstance(value, list):
        return _of_items(value)
    port = port_of(value)
    if port is not None:
        return Facts(port=port)
    return Facts(host=value) if isinstance(value, str) else Facts()


def port_of(value: Any) -> int | None:
    """Return a whole number, be it written as a string; its range is not looked at."""
    if type(value) is int:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:10])
    return None


def _of_fields(fields: dict[str, Any]) -> Facts:
    """Read `{"port": 12480, "ip": "localhost", "talks": ["Ball"]}`: the first key of each kind counts."""
    facts = Facts()
    for key, value in fields.items():
        word = key.casefold()
        if facts.port is None and "port" in word and port_of(value) is not None:
            facts = evolve(facts, port=port_of(value))
        elif facts.host is None and isinstance(value, str) and any(each in word for each in _HOST_WORDS):
            facts = evolve(facts, host=value)
        elif facts.neighbors is None and isinstance(value, list):
            facts = evolve(facts, neighbors=_neighbors(value))
    return facts


def _of_items(items: list[Any]) -> Facts:
    """Read `["Ball", "Welsh"]`, `[12481, 12484]`, `("localhost", 12480)` or `(12480, ["Ball"])`."""
    lists = [item for item in items if isinstance(item, list)]
    plain = [item for item in items if not isinstance(item, list)]
    ports = [item for item in plain if port_of(item) is not None]
    if len(ports) == 1 and len(items) > 1 and (lists or len(ports) < len(plain)):
        hosts = [item for item in plain if isinstance(item, str) and item not in ports]
        return Facts(
            port=port_of(ports[0]),
            host=hosts[0] if hosts else None,
            neighbors=_neighbors(lists[0]) if lists else None,
        )
    return Facts(neighbors=_neighbors(items))


def _neighbors(items: list[Any]) -> tuple[str | int, ...] | None:
    """Return names or ports; of pairs such as `("Ball", 12481)` the first that is one."""
    found: list[str | int] = []
    for item in items:
        each = item[0] if isinstance(item, list) and item else item
        port = port_of(each)
        if port is not None:
            found.append(port)
        elif isinstance(each, str):
            found.append(each)
        else:
            return None
    return tuple(found)
