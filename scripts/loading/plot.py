"""A load in pictures: latency by percentile, the rate over time, and convergence where it was observed.

Percentiles stand on a logarithmic scale, as HDR histograms are drawn: each further nine takes as much room as
the one before, so that the tail can be seen. All of it is drawn from what `--json` gives.
"""

from __future__ import annotations

from bisect import bisect_left
from html import escape
from math import log10
from typing import TYPE_CHECKING, Any, Final

from loading.drawing import COLORS, Line, Panel, Tick, document, round_ticks
from loading.latencies import Latencies
from loading.report import in_words

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMATS: Final = (".svg", ".html")
_PERCENTILES: Final = ("0", "50", "90", "99", "99.9", "99.99", "99.999", "99.9999", "99.99999")
_MOST_NINES: Final = 7.0
_STEPS: Final = 24
"""Points of a line between two ticks."""


def write_plot(path: Path, found: Mapping[str, Any]) -> None:
    """Write the plot, as HTML or SVG by the file's name; a `HerdError` if it cannot be written."""
    drawn = svg(found)
    text = drawn if path.suffix.lower() == ".svg" else html(drawn, found)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise HerdError(f"cannot write the plot {path}: {error.strerror or error}") from error


def html(drawn: str, found: Mapping[str, Any]) -> str:
    """Return a page with the drawing and the figures in words."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>herd: load test</title>\n'
        "<style>body{margin:24px auto;max-width:960px;background:#fff;color:#1d2733}"
        "svg{max-width:100%;height:auto}pre{font-size:12.5px;white-space:pre-wrap;margin:16px 84px}</style>"
        "</head>\n"
        f"<body>\n{drawn}<pre>{escape(in_words(dict(found)))}</pre>\n</body></html>\n"
    )


def svg(found: Mapping[str, Any]) -> str:
    """Return the drawing."""
    panels = [
        by_percentile(
            f"Latency of answers, from {found['latency_from']}", {"answers": _read(found["latency_hdr"])}
        ),
        rate_over_time(found),
    ]
    convergence = found["convergence"]
    if convergence is not None:
        seen = {name: _read(each["hdr"]) for name, each in convergence["servers"].items()}
        everywhere = {"everywhere": _read(convergence["everywhere"]["hdr"])}
        moment = "sending" if convergence["from"] == "sending" else "due time"
        title = f"Convergence: from {moment} to a server knowing, a hop to the observer included"
        panels.append(by_percentile(title, seen | everywhere))
    heading = "herd: load test of the load test itself" if found["self_test"] else "herd: load test"
    summary = ", ".join(f"{name} {value:g}" for name, value in found["latency_ms"].items())
    details = [
        found["load"],
        f"{found['per_s']:,.0f} answers a second; latency {summary} ms; {found['errors']:,} errors",
        found["machine"],
    ]
    return document(heading, details, panels)


def _read(encoded: str) -> Latencies:
    latencies = Latencies()
    latencies.add_encoded(encoded)
    return latencies


def by_percentile(title: str, named: Mapping[str, Latencies]) -> Panel:
    """Return a chart of latencies: percentiles on a scale of nines, milliseconds."""
    most = max(each.count for each in named.values())
    nines = min(max(1.0, log10(max(1, most))), _MOST_NINES)
    top, y_ticks = round_ticks(max(each.percentile_ms(100) for each in named.values()))
    lines = []
    for number, (name, latencies) in enumerate(named.items()):
        curve = latencies.curve_ms()
        shares = [share for share, _ in curve]
        points = []
        for step in range(int(min(log10(latencies.count), nines) * _STEPS) + 1 if curve else 0):
            at = step / _STEPS
            index = min(bisect_left(shares, 1 - 10**-at), len(curve) - 1)
            points.append((at / nines, curve[index][1] / top))
        if curve:
            points.append((min(log10(latencies.count), nines) / nines, curve[-1][1] / top))
        is_last = number == len(named) - 1
        color = "#111820" if is_last and len(named) > 1 else COLORS[number % len(COLORS)]
        lines.append(Line(name=name, points=points, color=color, width=2.4 if is_last else 1.6))
    return Panel(
        title=title,
        x_label="percentile",
        y_label="milliseconds",
        x_ticks=[
            Tick(at=at / nines, text=f"{text} %")
            for text in _PERCENTILES
            if (at := round(-log10(1 - float(text) / 100), 9)) <= nines
        ],
        y_ticks=y_ticks,
        lines=lines,
    )


def rate_over_time(found: Mapping[str, Any]) -> Panel:
    """Return a chart of the rate."""
    rates, wanted = found["rate_over_time"], found["plan"]["rate"]
    end, x_ticks = round_ticks(max([at_s for at_s, _ in rates], default=1.0))
    top, y_ticks = round_ticks(max([per_s for _, per_s in rates] + [wanted or 0.0]))
    points = [(at_s / end, per_s / top) for at_s, per_s in rates]
    lines = [Line(name="answers", points=points, color=COLORS[0])]
    if wanted is not None:
        due = [(0.0, wanted / top), (1.0, wanted / top)]
        lines.append(Line(name="due", points=due, color=COLORS[-1], width=1.2, is_dashed=True))
    return Panel(
        title="Rate over time",
        x_label="seconds",
        y_label="answers a second",
        x_ticks=x_ticks,
        y_ticks=y_ticks,
        lines=lines,
    )
