"""The table of a herd, as `herd status` prints it and `herd up` keeps it on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from herd.cli.control import Standing
    from herd.config.model import Config

STYLES: Final = {"up": "green", "connecting": "yellow", "down": "red"}
"""Colors of a link's states; the word stands beside the color, for those who see none."""


def herd_table(
    config: Config, standings: Iterable[Standing], notes: Mapping[str, str] | None = None
) -> Table:
    """Return the table; `notes` say in place of the error why a server that is down is down."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("server", "pid", "clients port", "records", "connections", "links"):
        table.add_column(heading, justify="right" if heading in {"pid", "records", "connections"} else "left")
    for each in standings:
        dial = str(config.server(each.name).clients.dial)
        if each.status is None:
            why = (notes or {}).get(each.name) or f"down: {each.error}"
            table.add_row(Text(each.name), "", dial, "", "", Text(why, "red"))
            continue
        numbers = [_cell(each.status.get(key)) for key in ("pid", "records", "connections")]
        at = _cell(each.status.get("clients", dial))
        table.add_row(Text(each.name, "bold"), numbers[0], at, *numbers[1:], _links(each))
    return table


def _cell(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    return "" if value is None else str(value)


def _links(standing: Standing) -> Text:
    lines = [_link(name, told) for name, told in standing.neighbors.items()]
    return Text("\n").join(lines) if lines else Text("none", "dim")


def _link(name: str, told: Mapping[str, Any]) -> Text:
    state = str(told.get("state", "unknown"))
    text = Text(f"{name} ").append(state, STYLES.get(state, "red"))
    for_s = told.get("for_s")
    if isinstance(for_s, int | float):
        text.append(f" {duration(for_s)}", "dim")
    if state != "up" and told.get("error"):
        text.append(f": {told['error']}", "red")
    if state == "up" and told.get("in_sync") is False:
        text.append(f", {_behind(told)}", "yellow")
    return text


def _behind(told: Mapping[str, Any]) -> str:
    """Return how far a neighbor is behind: records that it has not acknowledged, and since when."""
    records = told.get("outbox", 0) + told.get("sent", 0) - told.get("acknowledged", 0)
    return f"{records} records, {told.get('behind_s', 0):.1f} s behind"


def duration(seconds: float) -> str:
    """Return a time in its two greatest units at most: 3 s, 4 min, 2 h 5 min, 3 d 2 h."""
    minutes, whole_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{whole_s} s"
