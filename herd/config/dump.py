"""A `Config` back into TOML that reads like one written by hand, and loads back equal."""

from __future__ import annotations

import datetime as dt
import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from herd.config.endpoint import endpoint_from_address
from herd.config.model import Logging, Places
from herd.config.problem import show_key, show_string
from herd.config.reasons import reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from herd.config.model import Config, Endpoint, Server
    from herd.core.limits import Limits

_WIDTH: Final = 100
"""Where comments are wrapped."""
_WITH_UNDERSCORES: Final = 10_000
"""Numbers from here on are hard to read without."""


def dump_config(
    config: Config, *, heading: Iterable[str] = (), with_state: bool = True, with_defaults: bool = False
) -> str:
    """Write a configuration as TOML.

    `heading` are lines of comment at the top. Without `with_state`, the state directory is left to where the
    file will be used. `with_defaults` writes what nobody changed too, each with its reason.
    """
    blocks = ["\n".join(_comment(line) for line in heading)]
    top = f"name = {show_string(config.name)}"
    blocks.append(f"{top}\nstate = {_value(str(config.state))}" if with_state else top)
    blocks += [_server(server) for server in config.servers]
    blocks.append(_places(config.places, with_defaults=with_defaults))
    for key, table in (("logging", config.logging), ("limits", config.limits)):
        blocks.append(_settings(key, table, with_defaults=with_defaults))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _comment(line: str) -> str:
    return f"# {''.join(char if char.isprintable() else '?' for char in line)}".rstrip()


def _server(server: Server) -> str:
    return "\n".join(
        (
            f"[servers.{show_key(server.name)}]",
            f"clients = {_endpoint(server.clients)}",
            f"links = {_endpoint(server.links)}",
            f"neighbors = {_value(list(server.neighbors))}",
        )
    )


def _endpoint(endpoint: Endpoint) -> str:
    listen = show_string(f"{endpoint.scheme}:{endpoint.listen}")
    if endpoint == endpoint_from_address(endpoint.listen):
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


def _settings(name: str, table: Logging | Limits, *, with_defaults: bool) -> str:
    """Write a table whose keys all have defaults."""
    default = type(table)()
    why = reasons(type(table)) if with_defaults else {}
    lines = []
    for field in attrs.fields(type(table)):
        value = getattr(table, field.name)
        if value == getattr(default, field.name) and not with_defaults:
            continue
        lines += textwrap.wrap(why.get(field.name, ""), _WIDTH, initial_indent="# ", subsequent_indent="# ")
        # TOML has no word for nothing: a key without a value is shown, and left out by a comment.
        lines.append(f"# {field.name} =" if value is None else f"{field.name} = {_value(value)}")
    return "\n".join((f"[{name}]", *lines)) if lines else ""


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
