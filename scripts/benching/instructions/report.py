"""The table of counts, with what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from benching.instructions.counting import changes
from benching.instructions.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benching.instructions.baseline import Counted

_NAME_WIDTH: Final = max(map(len, WORKLOADS))


def found(counted: Counted, baseline: Mapping[str, Any], build: str) -> dict[str, Any]:
    """Return what there is to tell, as JSON."""
    before = baseline["counts"]
    return {
        "build": build,
        "baseline_build": baseline["build"],
        "counts": counted,
        "changes_percent": {
            column: changes(counts, before.get(column, {})) for column, counts in counted.items()
        },
    }


def grown(told: Mapping[str, Any], limit_percent: float) -> list[str]:
    """Return what has grown by more than a limit, in words."""
    return [
        f"{name} ({column}) by {percent:+.1f} %"
        for column, each in told["changes_percent"].items()
        for name, percent in each.items()
        if percent > limit_percent
    ]


def text(told: Mapping[str, Any]) -> str:
    """Return the table."""
    columns = told["counts"]
    lines = [
        f"what a message costs, {told['build']}",
        " " * _NAME_WIDTH + "".join(f"  {column:>20} {'change':>8}" for column in columns),
    ]
    for name in WORKLOADS:
        cells = "".join(_cell(told, column, name) for column in columns)
        lines.append(f"{name:<{_NAME_WIDTH}}{cells}".rstrip())
    if told["baseline_build"] is None:
        lines.append(
            "there is nothing to compare with for this version of Python: --update keeps these counts"
        )
    elif told["baseline_build"] != told["build"]:
        lines.append(
            f"compared with counts of another build, {told['baseline_build']}: that alone is some percent"
        )
    return "\n".join(lines)


def _cell(told: Mapping[str, Any], column: str, name: str) -> str:
    percent = told["changes_percent"][column].get(name)
    change = "" if percent is None else f"{percent:+.1f} %"
    return f"  {told['counts'][column][name]:>20,.0f} {change:>8}"
