"""Which expressions are sets, as far as the text tells.

It reads literals, constructors, set operations, and annotations of names, attributes, parameters and results:
names in their own file, attributes and functions in all of herd. How deep a set lies is its *depth*: 0 is a
set, 1 a container of sets such as `dict[str, set[int]]`, and so on; None is anything else.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.house.finding import Source

Scope = dict[str, int | None]

SETS: Final = frozenset({"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet", "WeakSet"})
TRANSPARENT: Final = frozenset({"Final", "ClassVar", "Optional", "Annotated"})
SET_RESULTS: Final = frozenset({"union", "intersection", "difference", "symmetric_difference"})
ELEMENTS: Final = frozenset({"get", "pop", "setdefault", "popleft"})
VIEWS: Final = frozenset({"keys", "items"})
SET_OPERATORS: Final = (ast.BitOr, ast.BitAnd, ast.BitXor, ast.Sub)
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c` and of `c`; nothing of any other expression."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def annotated(node: ast.expr | None) -> int | None:
    """How deep the set lies in an annotation."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return annotated(ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.BinOp):
        return either(annotated(node.left), annotated(node.right))
    if isinstance(node, ast.Subscript):
        if last_name(node.value) in SETS:
            return 0
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if last_name(node.value) in TRANSPARENT:
            return annotated(inner[0])
        return deeper(annotated(inner[-1]))
    return 0 if node is not None and last_name(node) in SETS else None


def either(*depths: int | None) -> int | None:
    """The first depth that is known."""
    return next((depth for depth in depths if depth is not None), None)


def deeper(depth: int | None) -> int | None:
    """The depth of a container of such values."""
    return None if depth is None else depth + 1


def element(depth: int | None) -> int | None:
    """The depth of what is taken out of a container."""
    return depth - 1 if depth else None


@define
class Types(ast.NodeVisitor):
    """What is known of the names in sight: scopes from the module inward; attributes and results of all herd.

    Visiting an expression returns its depth.
    """

    attributes: Scope = field(factory=dict)
    results: Scope = field(factory=dict)
    exported: Scope = field(factory=dict)
    scopes: list[Scope] = field(factory=list)

    def depth(self, node: ast.expr | None) -> int | None:
        """How deep the set lies in the value of an expression."""
        found: int | None = self.visit(node) if node is not None else None
        return found

    def any_of(self, nodes: Iterable[ast.expr | None]) -> int | None:
        """The depth that one of these has; they are alternatives, or values of one container."""
        return either(*map(self.depth, nodes))

    def generic_visit(self, _node: ast.AST) -> None:
        """Any other expression is no set."""

    def visit_Set(self, _node: ast.Set) -> int:
        return 0

    def visit_SetComp(self, _node: ast.SetComp) -> int:
        return 0

    def visit_Name(self, node: ast.Name) -> int | None:
        return next((scope[node.id] for scope in reversed(self.scopes) if node.id in scope), None)

    def visit_Attribute(self, node: ast.Attribute) -> int | None:
        return self.attributes.get(node.attr)

    def visit_BinOp(self, node: ast.BinOp) -> int | None:
        if not isinstance(node.op, SET_OPERATORS):
            return None
        return 0 if any(self.depth(side) == 0 or is_view(side) for side in (node.left, node.right)) else None

    def visit_Subscript(self, node: ast.Subscript) -> int | None:
        return element(self.depth(node.value))

    def visit_IfExp(self, node: ast.IfExp) -> int | None:
        return self.any_of([node.body, node.orelse])

    def visit_BoolOp(self, node: ast.BoolOp) -> int | None:
        return self.any_of(node.values)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> int | None:
        return self.depth(node.value)

    def visit_Await(self, node: ast.Await) -> int | None:
        return self.depth(node.value)

    def visit_Dict(self, node: ast.Dict) -> int | None:
        return deeper(self.any_of(node.values))

    def visit_List(self, node: ast.List) -> int | None:
        return deeper(self.any_of(node.elts))

    def visit_Tuple(self, node: ast.Tuple) -> int | None:
        return deeper(self.any_of(node.elts))

    def visit_DictComp(self, node: ast.DictComp) -> int | None:
        return deeper(self.depth(node.value))

    def visit_ListComp(self, node: ast.ListComp) -> int | None:
        return deeper(self.depth(node.elt))

    def visit_Call(self, node: ast.Call) -> int | None:
        name = last_name(node.func)
        made = last_name(node.args[0]) if name == "defaultdict" and node.args else ""
        factories = [last_name(each.value) for each in node.keywords if each.arg == "factory"]
        if name in SETS or SETS.intersection(factories):
            return 0
        if made in SETS:
            return 1
        if name == "cast" and node.args:
            return annotated(node.args[0])
        held = self.depth(node.func.value) if isinstance(node.func, ast.Attribute) else None
        return self.results.get(name) if held is None else _of_method(name, held)


def _of_method(name: str, held: int) -> int | None:
    """The depth of what a method of a set, or of a container of sets, returns."""
    if name in {"copy", "values"} or (held == 0 and name in SET_RESULTS):
        return held
    return element(held) if name in ELEMENTS else None


def bind(scope: Scope, name: str, depth: int | None) -> None:
    """Remember a name; what was once a set stays one."""
    scope[name] = either(depth, scope.get(name))


def is_view(node: ast.expr) -> bool:
    """`d.keys()` and `d.items()`: views that set operators make sets of."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VIEWS


def statements(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Every node of a scope, not going into the functions and classes in it."""
    for node in body:
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            yield from statements(ast.iter_child_nodes(node))


def bindings(types: Types, body: list[ast.stmt], arguments: ast.arguments | None = None) -> Scope:
    """The names that a module or function binds. It looks twice: one may stand for another further down."""
    scope: Scope = {}
    types.scopes.append(scope)
    for argument in _every(arguments):
        bind(scope, argument.arg, annotated(argument.annotation))
    for _ in range(2):
        for node in statements(body):
            for target, depth in _bound(types, node):
                if isinstance(target, ast.Name):
                    bind(scope, target.id, depth)
    types.scopes.pop()
    return scope


def _every(arguments: ast.arguments | None) -> list[ast.arg]:
    if arguments is None:
        return []
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _bound(types: Types, node: ast.AST) -> Iterator[tuple[ast.expr, int | None]]:
    match node:
        case ast.Assign():
            for target in node.targets:
                yield target, types.depth(node.value)
        case ast.AnnAssign():
            yield node.target, either(annotated(node.annotation), types.depth(node.value))
        case ast.NamedExpr():
            yield node.target, types.depth(node.value)
        case ast.For() | ast.comprehension():
            yield from _walked(types, node.target, node.iter)
        case ast.ImportFrom():
            for alias in node.names:
                yield ast.Name(alias.asname or alias.name), types.exported.get(alias.name)


def _walked(types: Types, target: ast.expr, walked: ast.expr) -> Iterator[tuple[ast.expr, int | None]]:
    """What a loop binds; sets in `for x in d.values()` and `for k, x in d.items()`."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node, None
    if isinstance(walked, ast.Call) and isinstance(walked.func, ast.Attribute):
        inner = element(types.depth(walked.func.value))
        if walked.func.attr == "values":
            yield target, inner
        elif walked.func.attr == "items" and isinstance(target, ast.Tuple):
            yield target.elts[-1], inner


def learn(sources: Iterable[Source]) -> Types:
    """Read the attributes, results and module names of all files."""
    types = Types()
    for _ in range(2):
        for source in sources:
            types.exported |= {k: v for k, v in bindings(types, source.tree.body).items() if v is not None}
            for node in ast.walk(source.tree):
                _learn_from(types, node)
    return types


def _learn_from(types: Types, node: ast.AST) -> None:
    if isinstance(node, FUNCTIONS) and annotated(node.returns) is not None:
        property_like = any("property" in last_name(each) for each in node.decorator_list)
        bind(types.attributes if property_like else types.results, node.name, annotated(node.returns))
    elif isinstance(node, ast.ClassDef):
        for statement in node.body:
            for target, depth in _bound(types, statement):
                if isinstance(target, ast.Name) and depth is not None:
                    bind(types.attributes, target.id, depth)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        for target, depth in _bound(types, node):
            if isinstance(target, ast.Attribute) and depth is not None:
                bind(types.attributes, target.attr, depth)
