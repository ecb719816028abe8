"""Which way a room may look: who imports whom, and who may reach for the global reactor.

Imports in functions and under `TYPE_CHECKING` count too: to name a type is to know the room. Only drop-ins
under `herd/plugins` may import anything late, because every `twistd` command imports them.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.house.finding import Finding, Source

ANYTHING: Final = frozenset({"*"})

ROOMS_SEEN: Final = {
    "": frozenset(),
    "__main__": frozenset({"cli"}),
    "core": frozenset({"core"}),
    "places": frozenset({"core", "places", "plugins"}),  # the package is where Twisted looks for drop-ins
    "config": frozenset({"core", "config"}),
    "server": frozenset({"core", "config", "places", "server"}),
    "sim": frozenset({"core", "config", "places", "server", "sim"}),
    "testing": ANYTHING,
    "plugins": frozenset({"places", "plugins"}),
    "cli": ANYTHING,
}
"""The rooms that each room may import; a room that is not here may import none."""

SUB_ROOMS_SEEN: Final = {
    "sim.engine": frozenset({"sim.engine"}),
    "sim.explore": frozenset({"sim", "core.errors"}),
    "sim.pictures": frozenset({"sim", "core.errors"}),
    "sim.scenario": frozenset({"sim", "core.errors"}),
    "sim.mishaps": frozenset({"sim", "core.errors"}),
    "sim.testing": frozenset({"sim", "core.errors"}),
}
"""What a part of a room may import of herd, where that is less than its room may: `sim` without the part that
knows herds."""

KNOWS_HERDS: Final = ("sim.herds", "sim.scenarios")
"""What a simulation of any program does without."""

CORE_LIBRARIES: Final = frozenset({"attr", "attrs"})
"""All that core imports besides the standard library and itself."""

REACTOR: Final = "twisted.internet.reactor"
USES_THE_REACTOR: Final = frozenset(
    {
        REACTOR,
        "twisted.internet.task.coiterate",
        "twisted.internet.task.cooperate",
        "twisted.internet.task.react",
        "twisted.internet.threads.blockingCallFromThread",
        "twisted.internet.threads.callMultipleInThread",
        "twisted.internet.threads.deferToThread",
    }
)
"""What names the global reactor, or takes it without being given one."""


@frozen
class Import:
    """One imported name: `from a.b import c` is `a.b.c`."""

    name: str
    node: ast.Import | ast.ImportFrom | ast.Call
    late: bool


def imports(source: Source) -> Iterator[Import]:
    """Every import of a file, relative ones made absolute."""
    late = {
        id(inner)
        for outer in ast.walk(source.tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
    }
    package = source.module.split(".")
    if not source.path.endswith("/__init__.py"):
        package = package[:-1]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node, id(node) in late)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(f"{module}.{alias.name}", node, id(node) in late)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            match node.args:
                case [ast.Constant(value=str(name)), *_]:
                    yield Import(name, node, id(node) in late)


def wrong_arrows(source: Source) -> list[Finding]:
    """Imports of rooms, or in core of libraries, that a room or a part of it may not know."""
    seen = ROOMS_SEEN.get(source.room, frozenset())
    part = source.module.removeprefix("herd.")
    seen_by_part = next((what for name, what in SUB_ROOMS_SEEN.items() if is_in(part, name)), None)
    found = []
    for each in imports(source):
        top, _, rest = each.name.partition(".")
        room = rest.partition(".")[0]
        if top == "herd":
            if room == "" or room not in ROOMS_SEEN:
                continue
            free = seen == ANYTHING or (source.room == "plugins" and each.late)
            if not free and room not in seen:
                found.append(source.finding(each.node, f"{source.room or 'herd'} imports {each.name}"))
            elif seen_by_part is not None and not _may_see(rest, seen_by_part):
                found.append(source.finding(each.node, f"{part} imports {each.name}"))
        elif source.room == "core" and top not in CORE_LIBRARIES and top not in sys.stdlib_module_names:
            found.append(source.finding(each.node, f"core imports {each.name}"))
    return found


def is_in(name: str, room: str) -> bool:
    """Tell whether a dotted name is a room, or something in it."""
    return f"{name}.".startswith(f"{room}.")


def _may_see(name: str, seen: frozenset[str]) -> bool:
    """Tell whether a part that sees these may import a name; `herd` itself is not in it."""
    if any(is_in(name, room) for room in KNOWS_HERDS if room not in seen):
        return False
    # `from herd.sim import engine` names the room; `from herd import sim` would let everything in.
    return any(is_in(name, room) for room in seen)


def global_reactors(source: Source) -> list[Finding]:
    """The global reactor and functions that use it unasked, imported or by their full name."""
    found = [
        source.finding(each.node, f"imports {each.name}: take a reactor as an argument")
        for each in imports(source)
        if each.name in USES_THE_REACTOR or each.name.startswith(f"{REACTOR}.")
    ]
    short = {name.removeprefix("twisted.internet."): name for name in USES_THE_REACTOR}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name in short or name in USES_THE_REACTOR:
                found.append(source.finding(node, f"uses {name}: take a reactor as an argument"))
    return found
