"""Where code walks over a set, whose order differs from run to run.

A set of texts comes in the order of their hashes, a set of objects in that of their addresses: two runs with
one seed would take two courses. So a set may be asked, measured, sorted and made into another set, but never
walked.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from attrs import define, field

from tests.house.finding import Finding, Source
from tests.house.settypes import Types, bindings, last_name, learn

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER_FREE: Final = frozenset({"set", "frozenset", "sorted", "len", "any", "all", "sum", "min", "max"})
"""What may take a set, or walk over one in its argument: the outcome has no trace of the order."""
TIES: Final = frozenset({"min", "max"})
"""Of these, what takes whichever came first among equals when it is given a key."""
WALKERS: Final = frozenset(
    {
        "list",
        "tuple",
        "iter",
        "enumerate",
        "zip",
        "map",
        "filter",
        "deque",
        "fromkeys",
        "chain",
        "from_iterable",
    }
    | {"join", "extend", "writelines", "str", "repr"}
)

Display = ast.ListComp | ast.GeneratorExp | ast.DictComp


def walks(sources: Iterable[Source], known: Iterable[Source] = ()) -> list[Finding]:
    """Every walk over a set in `sources`; attributes and functions are learned from `known` files too."""
    sources = list(sources)
    types = learn([*sources, *known])
    found = []
    for source in sources:
        looker = _Looker(source, types)
        looker.scope(source.tree.body)
        found += looker.found
    return found


@define
class _Looker(ast.NodeVisitor):
    source: Source
    types: Types
    found: list[Finding] = field(factory=list)
    harmless: set[int] = field(factory=set)

    def scope(self, body: list[ast.stmt], arguments: ast.arguments | None = None) -> None:
        self.types.scopes.append(bindings(self.types, body, arguments))
        for statement in body:
            self.visit(statement)
        self.types.scopes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope(node.body, node.args)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.types.scopes.append(bindings(self.types, [], node.args))
        self.visit(node.body)
        self.types.scopes.pop()

    def is_set(self, node: ast.expr) -> bool:
        return self.types.depth(node) == 0

    def check(self, node: ast.expr, how: str) -> None:
        if self.is_set(node):
            self.found.append(
                self.source.finding(node, f"{how} the set `{ast.unparse(node)}`: sort it first")
            )

    def visit_For(self, node: ast.For) -> None:
        self.check(node.iter, "loops over")
        self.generic_visit(node)

    def comprehension(self, node: Display) -> None:
        if id(node) not in self.harmless:
            for generator in node.generators:
                self.check(generator.iter, "loops over")
        self.generic_visit(node)

    visit_ListComp = comprehension
    visit_GeneratorExp = comprehension
    visit_DictComp = comprehension

    def visit_Set(self, node: ast.Set) -> None:
        self.harmless.update(map(id, node.elts))
        self.generic_visit(node)

    def visit_Starred(self, node: ast.Starred) -> None:
        if id(node) not in self.harmless:
            self.check(node.value, "unpacks")
        self.generic_visit(node)

    def visit_YieldFrom(self, node: ast.YieldFrom) -> None:
        self.check(node.value, "yields from")
        self.generic_visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        self.check(node.value, "writes")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Tuple | ast.List) for target in node.targets):
            self.check(node.value, "unpacks")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = last_name(node.func)
        keyed = name in TIES and any(keyword.arg == "key" for keyword in node.keywords)
        if name in ORDER_FREE and not keyed:
            self.harmless.update(map(id, node.args))
        elif keyed:
            for argument in node.args:
                self.check(argument, f"{name}() with a key takes the first among equals of")
        elif name in WALKERS:
            for argument in node.args:
                self.check(argument, f"{name}() walks over")
        if name == "pop" and not node.args and isinstance(node.func, ast.Attribute):
            self.check(node.func.value, "pops any one of")
        self.generic_visit(node)
