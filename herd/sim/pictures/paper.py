"""What every part of a drawing needs: elements of SVG as text, and the looks of them.

Nothing is loaded from anywhere, no script runs: colors are variables that follow the reader's light or dark
mode, and what an arrow or a mark means in full is its title, which a browser shows under the pointer.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

STYLE: Final = """
svg{color-scheme:light dark;--paper:#fff;--ink:#1f2328;--soft:#59636e;--line:#c4ccd4;--grid:#eceff2;
--fold:#f3f5f7;--bad:#cf222e;--good:#1a7f37;--fault:#bf8700;--step:#6639ba;--open:#8c959f;
--c0:#0969da;--c1:#bc4c00;--c2:#1a7f37;--c3:#8250df;--c4:#0b7285;--c5:#bf3989;--rest:#57606a}
@media(prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#4b535d;--grid:#1b222b;
--fold:#161b22;--bad:#ff7b72;--good:#56d364;--fault:#d29922;--step:#b392f0;--open:#7d8590;
--c0:#58a6ff;--c1:#f0883e;--c2:#56d364;--c3:#bc8cff;--c4:#39c5cf;--c5:#f778ba;--rest:#b1bac4}}
text{font:12px system-ui,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
.paper{fill:var(--paper)}.h1{font-size:18px;font-weight:600}.soft{fill:var(--soft)}.small{font-size:11px;white-space:pre}
.warning{fill:var(--bad);font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:var(--grid);stroke-width:1}.tick{font-size:10.5px;fill:var(--soft);font-variant-numeric:tabular-nums}
.fold{fill:var(--fold)}.edge{fill:none;stroke:var(--line);stroke-width:1}
.box{rx:6px;fill:var(--paper);stroke:var(--line);stroke-width:1.2}.name{font-weight:600;font-size:13px;text-anchor:middle}
.again{font-size:10px;text-anchor:middle;fill:var(--soft);
stroke:var(--paper);stroke-width:5;paint-order:stroke}
.runs{stroke:var(--soft);stroke-width:1.8}.rests{stroke:var(--line);stroke-width:1.2;stroke-dasharray:2 5}
.one{--b:var(--fault)}.other{--b:var(--c4)}
.band rect{fill:var(--b);fill-opacity:.13}.band path{stroke:var(--b);stroke-width:1.2;stroke-dasharray:5 3}
.band:hover rect{fill-opacity:.26}
.m{--c:var(--rest)}.m path{fill:none;stroke:var(--c);stroke-width:1.4}.m .tip{fill:var(--c);stroke:none}
.m .wide{stroke:transparent;stroke-width:9}.m circle{fill:var(--c)}.m:hover path{stroke-width:2.8}
.m:hover .wide{stroke-width:9;stroke:var(--c);stroke-opacity:.14}.m:hover .tip{stroke-width:0}
.c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}.c4{--c:var(--c4)}.c5{--c:var(--c5)}
.rest{--c:var(--rest)}.opens,.closes{--c:var(--open)}.closes path{stroke-dasharray:6 3}
.datagram path{stroke-dasharray:9 3}.lost{--c:var(--bad)}.lost path{stroke-dasharray:4 3}
.lost .cross{stroke-dasharray:none;stroke-width:2}.open path{stroke-dasharray:1.5 3.5}
.label{fill:var(--c,var(--ink));font:9.5px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;
stroke:var(--paper);stroke-width:3;paint-order:stroke;stroke-linejoin:round;pointer-events:none;white-space:pre}
.label.note{fill:var(--soft)}.label.bad{fill:var(--bad)}.label.good{fill:var(--good)}
.starts{fill:var(--good)}.exits{fill:var(--paper);stroke:var(--soft);stroke-width:1.6}
.crash{fill:none;stroke:var(--bad);stroke-width:2.6}.fails{fill:var(--paper);stroke:var(--bad);stroke-width:1.8}
.notes{fill:var(--soft)}
.told path{fill:none;stroke:var(--line);stroke-width:1}
.fault text{fill:var(--fault)}.heal text{fill:var(--good)}
.step text{fill:var(--step)}.told circle{fill:var(--soft)}
"""


def number(value: float) -> str:
    """Return a coordinate: a tenth of a pixel is more than anybody sees."""
    words = f"{value:.1f}".removesuffix(".0")
    return "0" if words == "-0" else words


def path(*points: tuple[float, float]) -> str:
    """Return the data of a path through points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def text(x: float, y: float, words: str, classes: str, turned: float = 0.0) -> str:
    """Return a text whose baseline begins at (x, y), turned clockwise by `turned` degrees."""
    turn = f' transform="rotate({number(turned)} {number(x)} {number(y)})"' if number(turned) != "0" else ""
    return f'<text class="{classes}" x="{number(x)}" y="{number(y)}"{turn}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, classes: str) -> str:
    """Return a straight line."""
    return f'<path class="{classes}" d="{path((x1, y1), (x2, y2))}"/>'


def rectangle(x: float, y: float, width: float, height: float, classes: str = "") -> str:
    """Return a rectangle."""
    named = f' class="{classes}"' if classes else ""
    sizes = f'width="{number(width)}" height="{number(height)}"'
    return f'<rect{named} x="{number(x)}" y="{number(y)}" {sizes}/>'


def group(classes: str, title: str, *parts: str) -> str:
    """Return a group of elements with a title, which is shown under the pointer."""
    return f"<g class={quoteattr(classes)}><title>{escape(title)}</title>{''.join(parts)}</g>"
