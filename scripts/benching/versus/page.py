"""The page: prose that people write, around tables that are written by the program that measured them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from benching.versus.tables import Table, all_tables

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BLOCK: Final = re.compile(r"(<!-- written by scripts/bench/versus: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def about(report: Mapping[str, Any]) -> str:
    """Return what the figures depend on, as a list."""
    lines = [f"- {name}: {text}" for name, text in report["about"].items()]
    lines.append(f"- rounds: {report['rounds']}, on {report['date']}")
    lines += [f"- measured at another time: {', '.join(works)}, on {date}" for date, works in earlier(report)]
    lines += [f"- left out: {reason}" for reason in report["missing"]]
    lines += [f"- no figures: {reason}" for reason in report["failures"]]
    return "\n".join(lines)


def earlier(report: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return what was taken from earlier reports: dates, and what was measured then."""
    dates: dict[str, list[str]] = {}
    for work, date in report["measured"].items():
        if date != report["date"]:
            dates.setdefault(date, []).append(work)
    return sorted(dates.items())


def text(report: Mapping[str, Any]) -> str:
    """Return the whole report for a terminal."""
    parts = [f"{table.name}\n{table.text()}" for table in all_tables(report)]
    return "\n\n".join([about(report), *parts])


def write(file: Path, report: Mapping[str, Any]) -> None:
    """Replace the page's tables; a `HerdError` if the page has no place for one of them."""
    blocks = {table.name: table.markdown() for table in all_tables(report)} | {"about": about(report)}
    try:
        page = file.read_text("utf-8")
    except OSError as error:
        raise HerdError(f"cannot read {file}: {error.strerror}") from None
    places = {match[2] for match in _BLOCK.finditer(page)}
    if lacking := sorted(set(blocks) - places):
        raise HerdError(f"{file} has no place for {', '.join(lacking)}: mark it as the others are marked")
    empty = Table("", ("not measured",), ()).markdown()
    changed = _BLOCK.sub(lambda match: f"{match[1]}\n{blocks.get(match[2], empty)}\n\n{match[3]}", page)
    file.write_text(changed, "utf-8")
