"""A `Config` back into TOML that reads like one written by hand, and loads back equal."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from herd.config.endpoint import endpoint_from_address
from herd.config.model import Config, Places
from herd.config.problem import show_key, show_string
from herd.config.reasons import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from herd.config.model import Endpoint, Links, Logging, Server, Tls
    from herd.core.limits import Limits

_WIDTH: Final = 100
"""Where comments are wrapped."""
_WITH_UNDERSCORES: Final = 10_000
"""Numbers from here on are hard to read without."""


def dump_config(
    config: Config, *, heading: Iterable[str] = (), with_state: bool = True, with_defaults: bool = False
) -> str:
    """Write a configuration as TOML.

    `heading` are lines of comment at the top. Without `with_state`, the directories of state and certificates
    are left to where the file will be used. `with_defaults` writes what nobody changed too, each with its
    reason.
    """
    blocks = ["\n".join(_comment(line) for line in heading)]
    blocks.append(_top(config, with_state=with_state, with_defaults=with_defaults))
    blocks += [_server(server) for server in config.servers]
    blocks.append(_settings("links", config.links, with_defaults=with_defaults))
    tls = _settings(
        "tls", config.tls, with_defaults=with_defaults, but_for=() if with_state else ("directory",)
    )
    blocks += [tls, _places(config.places, with_defaults=with_defaults)]
    for key, table in (("logging", config.logging), ("limits", config.limits)):
        blocks.append(_settings(key, table, with_defaults=with_defaults))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _comment(line: str) -> str:
    return f"# {''.join(char if char.isprintable() else '?' for char in line)}".rstrip()


def _top(config: Config, *, with_state: bool, with_defaults: bool) -> str:
    """Write the keys that are in no table."""
    lines = [f"name = {show_string(config.name)}"]
    if with_state:
        lines.append(f"state = {_value(config.state)}")
    durability = attrs.fields(Config).durability
    if with_defaults or config.durability != durability.default:
        lines += _reason(reasons(Config), "durability") if with_defaults else []
        lines.append(f"durability = {_value(config.durability)}")
    return "\n".join(lines)


def _server(server: Server) -> str:
    lines = [
        f"[servers.{show_key(server.name)}]",
        f"clients = {_endpoint(server.clients)}",
        f"links = {_endpoint(server.links)}",
        f"neighbors = {_value(list(server.neighbors))}",
    ]
    if server.durability is not None:
        lines.append(f"durability = {_value(server.durability)}")
    return "\n".join(lines)


def _endpoint(endpoint: Endpoint) -> str:
    listen = show_string(f"{endpoint.scheme}:{endpoint.listen}")
    if endpoint == endpoint_from_address(endpoint.listen, endpoint.scheme):
        return listen
    return f"{{ listen = {listen}, dial = {show_string(f'{endpoint.scheme}:{endpoint.dial}')} }}"


def _places(places: Places, *, with_defaults: bool) -> str:
    if places == Places() and not with_defaults:
        return ""
    lines = ["[places]", f"provider = {show_string(places.provider)}"]
    if places.options:
        lines += ["", f"[places.{show_key(places.provider)}]"]
        lines += [f"{show_key(key)} = {_value(value)}" for key, value in places.options.items()]
    return "\n".join(lines)


def _settings(
    name: str, table: Links | Tls | Logging | Limits, *, with_defaults: bool, but_for: Iterable[str] = ()
) -> str:
    """Write a table of plain keys, `but_for` some; those that have no default are always written."""
    why = reasons(type(table)) if with_defaults else {}
    lines = []
    for field in attrs.fields(type(table)):
        value = getattr(table, field.name)
        if field.name in but_for or (value == field.default and not with_defaults):
            continue
        lines += _reason(why, field.name)
        # TOML has no word for nothing: a key without a value is shown, and left out by a comment.
        lines.append(f"# {field.name} =" if value is None else f"{field.name} = {_value(value)}")
    return "\n".join((f"[{name}]", *lines)) if lines else ""


def _reason(why: Mapping[str, str], key: str) -> list[str]:
    return textwrap.wrap(why.get(key, ""), _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _value(value: Any) -> str:  # noqa: PLR0911 -- one kind of value, one return
    """Write any value that tomllib gives, and paths."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= _WITH_UNDERSCORES else str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{show_key(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(_value(each) for each in value)}]"
    return show_string(str(value))
