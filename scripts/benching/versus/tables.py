"""The tables of a report: built once, shown to a person and written into the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from benching.versus.sums import (
    CONTESTS,
    MEMORY_AIMS,
    MEMORY_SUBJECTS,
    MEMORY_TITLE,
    memory_spread,
    most_clients,
    peer_of,
    ratio,
    spread,
)
from benching.versus.systems import CORES, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benching.spread import Spread
    from benching.versus.measuring import Cells

NOTHING: Final = "-"

_PRICES: Final = (
    (VARIANTS["base"], "base", "price-one", "price-flood"),
    *((VARIANTS[each], each, "price-one", "price-flood") for each in ("neighbor", "disk", "tls", "lines")),
    ("new clients, whose records stay", "base", "price-many", "price-news"),
    (f"new clients, whose {VARIANTS['expiry']}", "expiry", "price-many", "price-news"),
)
"""Title, system, and the works with one server and with five."""


@frozen
class Table:
    """Rows of text under a head. The first column is words, the others are figures."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return it for a page."""
        rule = ("---", *("---:" for _ in self.head[1:]))
        return "\n".join(f"| {' | '.join(cells)} |" for cells in (self.head, rule, *self.rows))

    def text(self) -> str:
        """Return it for a terminal."""
        lines = (self.head, *self.rows)
        widths = [max(len(cells[column]) for cells in lines) for column in range(len(self.head))]
        return "\n".join(
            "  ".join(
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ).rstrip()
            for cells in lines
        )


def show(found: Spread | None, suffix: str = "") -> str:
    """Return a median with its spread, to three digits or so."""
    if found is None:
        return NOTHING
    digits = _digits(found.median)
    return f"{found.median:,.{digits}f}{suffix} ({found.least:,.{digits}f}-{found.most:,.{digits}f})"


def _digits(size: float) -> int:
    for digits, least in ((0, 100), (1, 10)):
        if size >= least:
            return digits
    return 2


def all_tables(report: Mapping[str, Any]) -> list[Table]:
    """Return every table that has something in it."""
    cells, titles, memory = report["cells"], report["titles"], report.get("memory") or []
    tables = [
        contests(cells, titles, memory),
        one_server(cells, titles),
        flood(cells, titles),
        known(cells, titles),
        prices(cells),
        weights(memory),
    ]
    return [table for table in tables if table.rows]


def contests(cells: Cells, titles: Mapping[str, str], memory: Sequence[Mapping[str, Any]]) -> Table:
    """Return what herd is measured by."""
    rows = []
    for each in CONTESTS:
        peer = peer_of(cells, each)
        if peer is None:
            continue
        found = [ratio(cells, each.work, each.own.format(core=core), peer, each.metric) for core in CORES]
        if any(found):
            rows.append((each.title, titles[peer], *_against(found, each.aims)))
    found = [memory_spread(memory, subject, "times_redis") for subject in MEMORY_SUBJECTS.values()]
    if any(found):
        title = MEMORY_TITLE.format(most_clients(memory))
        rows.append((title, "Redis GEOADD", *_against(found, MEMORY_AIMS)))
    return Table("ratios", ("what", "against", "pure", "aim", "compiled", "aim"), tuple(rows))


def _against(found: Sequence[Spread | None], aims: tuple[float, float]) -> tuple[str, str, str, str]:
    pure, compiled = found
    return show(pure), f"≤ {aims[0]}", show(compiled), f"≤ {aims[1]}"


def _rows(
    cells: Cells, titles: Mapping[str, str], works: Sequence[str], row: Callable[[str], tuple[str, ...]]
) -> tuple[tuple[str, ...], ...]:
    """Return a row for each system that did one of the works."""
    return tuple(row(each) for each in titles if any(each in cells.get(work, {}) for work in works))


def one_server(cells: Cells, titles: Mapping[str, str]) -> Table:
    """Return processor time per report with one server."""
    works = ("one-1", "one-16", "one-64")

    def row(system: str) -> tuple[str, ...]:
        shown = [show(spread(cells, work, system)) for work in works]
        own = spread(cells, "one-64", system, "own_cpu_us")
        return (titles[system], *shown, NOTHING if own is None else f"{own.median:.2f}")

    head = ("µs a report", "1 deep", "16 deep", "64 deep", "the generator, 64 deep")
    return Table("one", head, _rows(cells, titles, works, row))


def flood(cells: Cells, titles: Mapping[str, str]) -> Table:
    """Return processor time of all five servers per update."""

    def row(system: str) -> tuple[str, ...]:
        watched = f"{system.removesuffix('-5')}-watched"
        superseded = spread(cells, "known-full", watched, "superseded")
        return (
            titles[system],
            show(spread(cells, "flood", system)),
            show(spread(cells, "flood", system, "links")),
            NOTHING if superseded is None else f"{100 * superseded.median:.1f} %",
            show(spread(cells, "hot", system)),
            show(spread(cells, "hot", system, "links")),
        )

    head = (
        "five servers",
        "µs an update",
        "messages",
        "superseded",
        "µs, 100 clients",
        "messages, 100 clients",
    )
    return Table("flood", head, _rows(cells, titles, ("flood", "hot"), row))


def known(cells: Cells, titles: Mapping[str, str]) -> Table:
    """Return how long it takes until a report is known everywhere, and what that costs."""
    works = ("known-2000", "known-20000")

    def row(system: str) -> tuple[str, ...]:
        shown = [titles[system]]
        for work in works:
            shown += [show(spread(cells, work, system, f"known_ms.{each}")) for each in ("p50", "p99")]
            shown.append(show(spread(cells, work, system)))
        return tuple(shown)

    figures = ("p50 ms", "p99 ms", "µs an update")
    head = ("", *(f"{figure}, {rate}/s" for rate in ("2,000", "20,000") for figure in figures))
    return Table("known", head, _rows(cells, titles, works, row))


def prices(cells: Cells) -> Table:
    """Return what each thing costs that can be switched on."""
    rows = []
    for title, system, one, five in _PRICES:
        shown = [title]
        for work, servers in ((one, 1), (five, 5)):
            own, base = f"{system}-{servers}", f"base-{servers}"
            shown.append(show(spread(cells, work, own)))
            shown.append(NOTHING if own == base else show(ratio(cells, work, own, base)))
        if any(cell != NOTHING for cell in shown[1:]):
            rows.append(tuple(shown))
    head = ("with", "µs a report, one server", "times", "µs an update, five servers", "times")
    return Table("prices", head, tuple(rows))


def weights(memory: Sequence[Mapping[str, Any]]) -> Table:
    """Return what a client takes in memory."""
    rows = [
        (
            row["subject"],
            f"{row['clients']:,}",
            show(memory_spread([row], row["subject"], "bytes_per_client")),
            show(memory_spread([row], row["subject"], "times_redis")),
        )
        for row in memory
    ]
    return Table("memory", ("", "clients", "bytes a client", "times Redis GEO"), tuple(rows))
