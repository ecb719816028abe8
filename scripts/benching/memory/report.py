"""Sums weights up: bytes a client, and how many times a yardstick's."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from attrs import asdict
from benching.memory.subjects import SUBJECTS, YARDSTICK, Weight
from benching.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Weights = dict[str, list[Weight]]

_HEAD = (
    f"{'clients':>9}  {'':<10} {'bytes a client':>22} {'times Redis GEO':>20} {'line':>6} "
    f"{'empty KiB':>10} {'seconds':>8}"
)


def row(name: str, clients: int, weights: Mapping[str, Sequence[Weight]]) -> dict[str, Any]:
    """Return what is told of one subject at one number of clients."""
    own = weights[name]
    made: dict[str, Any] = {
        "clients": clients,
        "subject": name,
        "empty_kib": round(statistics.median(each.empty for each in own) / 1024),
        "bytes_per_client": asdict(Spread.of([round(each.grown / clients, 1) for each in own])),
        "seconds": round(statistics.median(each.seconds for each in own), 1),
    }
    if name.startswith("herd"):
        made["line_bytes"] = round(own[0].answers / clients - 1, 1)  # without the line's ending
    if YARDSTICK in weights and name != YARDSTICK:
        pairs = zip(own, weights[YARDSTICK], strict=False)
        made["times_redis"] = asdict(Spread.of([one.grown / max(other.grown, 1) for one, other in pairs]))
    return made


def text(found: Mapping[str, Any]) -> str:
    """Return the table."""
    lines = [
        f"{found['interpreter']}, {found['machine']}; median (least-most) of {found['rounds']}",
        "",
        _HEAD,
    ]
    lines += [_line(each) for each in found["rows"]]
    names = dict.fromkeys(each["subject"] for each in found["rows"])
    return "\n".join([*lines, "", *(f"{name:<10}  {SUBJECTS[name].about}" for name in names)])


def _line(row: Mapping[str, Any]) -> str:
    times = show(row["times_redis"], 2) if "times_redis" in row else ""
    return (
        f"{row['clients']:>9,}  {row['subject']:<10} {show(row['bytes_per_client'], 0):>22} {times:>20} "
        f"{row.get('line_bytes', ''):>6} {row['empty_kib']:>10,} {row['seconds']:>8,}"
    )


def show(spread: Mapping[str, float], digits: int) -> str:
    """Return a spread as text."""
    median, least, most = (spread[key] for key in ("median", "least", "most"))
    return f"{median:,.{digits}f} ({least:,.{digits}f}-{most:,.{digits}f})"
