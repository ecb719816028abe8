"""A topology drawn in text: one line a server, each link a bracket between two lines.

    Alford    ───┬─────┐
    Ball      ───┼─┬─┐ │
    Hamilton  ─┬─┘ │ │ │
    Holiday   ─┴───┘ │ │
    Welsh     ───────┴─┘

A link has a column of its own between its two lines, where it turns; `┼` is where a line crosses a link that
is not its own. Short links stand near the names, and two links share a column where they do not meet.
"""

from __future__ import annotations

from herd.config.topology import Topology, links

_Span = tuple[int, int]


def draw_links(topology: Topology) -> list[str]:
    """Return one line of drawing for each server, in the topology's order, without the names."""
    columns = _columns(topology)
    return [_row(row, columns).rstrip() for row in range(len(topology))]


def _columns(topology: Topology) -> list[list[_Span]]:
    """Give each link a column: the first in which it touches no other; the shortest links choose first."""
    order = {name: index for index, name in enumerate(topology)}
    spans = [(order[one], order[other]) for one, other in links(topology)]
    columns: list[list[_Span]] = []
    for top, bottom in sorted(spans, key=lambda span: (span[1] - span[0], span)):
        for column in columns:
            if all(bottom < other_top or other_bottom < top for other_top, other_bottom in column):
                column.append((top, bottom))
                break
        else:
            columns.append([(top, bottom)])
    return columns


def _row(row: int, columns: list[list[_Span]]) -> str:
    """Draw one server's line: out to the last of its links."""
    last = max((index for index, column in enumerate(columns) if _touches(row, column)), default=-1)
    text = ""
    for index, column in enumerate(columns):
        text += "─" if index <= last else " "
        if any(row == top for top, _ in column):
            text += "┐" if index == last else "┬"
        elif any(row == bottom for _, bottom in column):
            text += "┘" if index == last else "┴"
        elif any(top < row < bottom for top, bottom in column):
            text += "┼" if index < last else "│"
        else:
            text += "─" if index < last else " "
    return text


def _touches(row: int, column: list[_Span]) -> bool:
    return any(row in span for span in column)
