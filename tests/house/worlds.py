"""Where time, chance and memory addresses leak into what must give the same history at every run.

A room that the simulator hosts takes its clock and its randomness as arguments. So it names no clock, draws
from no random source that it did not get, and asks for neither `hash()` nor `id()`, which differ from run to
run.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.house.finding import Finding, Source

LEAKS: Final = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "os.getrandom",
        "os.urandom",
        "random.SystemRandom",
        "time.asctime",
        "time.ctime",
        "time.gmtime",
        "time.localtime",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.process_time",
        "time.sleep",
        "time.time",
        "time.time_ns",
        "uuid.uuid1",
        "uuid.uuid4",
    }
)
LEAKING_MODULES: Final = ("random", "secrets")
"""All in them draws from a global source, but for what is in `HARMLESS`."""
HARMLESS: Final = frozenset({"random.Random", "secrets.compare_digest"})
BUILTINS: Final = frozenset({"hash", "id"})


def leaks(source: Source) -> list[Finding]:
    """Every use of a clock, of global randomness or of an address, called or only referred to."""
    names = _imported(source.tree)
    in_own_hash = _inside_hash(source.tree)
    called = {id(node.func): node for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute | ast.Name) or _is_bound(node):
            continue
        name = _full_name(node, names)
        call = called.get(id(node))
        if _leaks(name):
            found.append(source.finding(node, f"uses {name}: take it as an argument"))
        elif name == "random.Random" and call is not None and not call.args:
            found.append(
                source.finding(node, "draws a seed for random.Random: take a random source as an argument")
            )
        elif name in BUILTINS and call is not None and id(node) not in in_own_hash:
            found.append(source.finding(node, f"uses {name}(), which differs from run to run"))
    return found


def _leaks(name: str) -> bool:
    module, _, rest = name.rpartition(".")
    return name in LEAKS or (module in LEAKING_MODULES and rest != "" and name not in HARMLESS)


def _imported(tree: ast.Module) -> dict[str, str]:
    """What each name that an import binds stands for."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                names[bound] = alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _full_name(node: ast.expr, names: dict[str, str]) -> str:
    """`now` after `from datetime import datetime as now` is `datetime.datetime`; what is no name is empty."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id if node.id in BUILTINS else "")
    if isinstance(node, ast.Attribute):
        base = _full_name(node.value, names)
        return f"{base}.{node.attr}" if base else ""
    return ""


def _is_bound(node: ast.Attribute | ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _inside_hash(tree: ast.Module) -> set[int]:
    """Nodes in a class's own `__hash__`, the one place where `hash()` belongs."""
    return {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef) and outer.name == "__hash__"
        for inner in ast.walk(outer)
    }
