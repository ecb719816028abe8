"""Dictionaries out of Python source, read and never run.

Only what stands there can be read: literals, names and attributes that were given such values earlier, sums
of them, and keyword arguments (`Server(port=12480)` is read like `{"port": 12480}`). Old prototypes are in
Python 2, which no parser of Python 3 takes: of those, dictionaries are cut out and read alone.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

_DICTIONARY: Final = re.compile(r"^[ \t]*(?:\w+\.)*(?P<name>\w+)[ \t]*=[ \t]*(?P<value>\{)", re.MULTILINE)
_MOST_TRIES: Final = 500
"""How many closing braces are tried as the end of one dictionary."""
_LONGEST_SHOWN: Final = 40


@frozen
class Note:
    """Something to tell about a line of the source."""

    source: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: {self.text}"


@frozen
class Entry:
    """A value that was assigned, and where. Tuples and sets come as lists."""

    value: Any
    source: str
    line: int


@frozen
class Table:
    """A dictionary with strings for keys that was assigned to a name."""

    source: str
    line: int
    name: str
    entries: dict[str, Entry] = field(factory=dict)
    unread: list[Note] = field(factory=list)
    """What could not be read without running the program."""


@define
class Tables:
    """All dictionaries of one or several files, in their order, and all names with a readable value."""

    tables: list[Table] = field(factory=list)
    names: dict[str, Entry] = field(factory=dict)
    notes: list[Note] = field(factory=list)

    def read(self, text: str, source: str) -> None:
        """Add what the Python source `text` assigns; names that an earlier file gave are known in it."""
        try:
            tree = _parse(text)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            self.notes.append(Note(source, line, "not Python 3: only dictionaries were read from this file"))
            tree = _only_dictionaries(text)
        found = (node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign))
        for node in sorted(found, key=lambda node: node.lineno):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if node.value is not None:
                    self._assign(target, node.value, source)

    def _assign(self, target: ast.expr, value: ast.expr, source: str) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self._name(name, value, source)
            case ast.Attribute(attr=name), _:
                self._name(name, value, source)
            case ast.Subscript(value=ast.Name(id=name)), _:
                self._put(name, target.slice, value, source)
            case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
                for each, its_value in zip(targets, values, strict=True):
                    self._assign(each, its_value, source)

    def _name(self, name: str, value: ast.expr, source: str) -> None:
        pairs = _pairs(value)
        if pairs is None:
            try:
                self.names[name] = Entry(self._value(value), source, value.lineno)
            except _UnreadableError:
                self.names.pop(name, None)
            return
        table = Table(source, value.lineno, name)
        for key, each in pairs:
            self._add(table, key, each)
        self.tables.append(table)
        self._remember(table)

    def _put(self, name: str, key: ast.expr, value: ast.expr, source: str) -> None:
        """Read `PORTS["Alford"] = 12480`."""
        for table in reversed(self.tables):
            if table.name == name and table.source == source:
                self._add(table, key, value)
                self._remember(table)
                return

    def _add(self, table: Table, key: ast.expr | str, value: ast.expr) -> None:
        try:
            name = key if isinstance(key, str) else self._value(key)
            if isinstance(name, str):
                table.entries[name] = Entry(self._value(value), table.source, value.lineno)
        except _UnreadableError as error:
            text = f"{table.name}: cannot tell what {_shown(error.node)} is without running the program"
            table.unread.append(Note(table.source, error.node.lineno, text))

    def _remember(self, table: Table) -> None:
        values = {name: entry.value for name, entry in table.entries.items()}
        self.names[table.name] = Entry(values, table.source, table.line)

    def _value(self, node: ast.expr) -> Any:  # noqa: PLR0911 -- one kind of expression, one return
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name) | ast.Attribute(attr=name) if name in self.names:
                return self.names[name].value
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self._value(item) for item in items]
            case ast.Call(
                func=ast.Name(id="list" | "tuple" | "set" | "frozenset" | "int" | "str"),
                args=[only],
                keywords=[],
            ):
                return self._value(only)
            case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                return self._sum(node, left, right)
            case ast.Subscript(value=table, slice=key):
                return self._looked_up(node, table, key)
        pairs = _pairs(node)
        if pairs is None:
            raise _UnreadableError(node)
        return {key if isinstance(key, str) else self._key(key): self._value(value) for key, value in pairs}

    def _key(self, node: ast.expr) -> str:
        key = self._value(node)
        if not isinstance(key, str):
            raise _UnreadableError(node)
        return key

    def _sum(self, node: ast.BinOp, left: ast.expr, right: ast.expr) -> int:
        one, other = self._value(left), self._value(right)
        if type(one) is not int or type(other) is not int:
            raise _UnreadableError(node)
        return one + other if isinstance(node.op, ast.Add) else one - other

    def _looked_up(self, node: ast.expr, table: ast.expr, key: ast.expr) -> Any:
        container, index = self._value(table), self._value(key)
        if isinstance(container, dict) and isinstance(index, str) and index in container:
            return container[index]
        raise _UnreadableError(node)


class _UnreadableError(Exception):
    """An expression whose value only running the program would tell."""

    def __init__(self, node: ast.expr) -> None:
        super().__init__()
        self.node = node


def _pairs(node: ast.expr) -> list[tuple[ast.expr | str, ast.expr]] | None:
    """Return the keys and values of a dictionary, or of a call that has nothing but keywords."""
    match node:
        case ast.Dict(keys=keys, values=values):
            return [(key, value) for key, value in zip(keys, values, strict=True) if key is not None]
        case ast.Call(args=[], keywords=[_, *_] as keywords):
            return [(keyword.arg, keyword.value) for keyword in keywords if keyword.arg is not None]
    return None


def _shown(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # Someone else's doubtful escapes are no news to who imports the file.
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _only_dictionaries(text: str) -> ast.Module:
    """Return a module of the assignments of dictionaries in a text that is no Python 3, on their lines."""
    module = ast.Module(body=[], type_ignores=[])
    for match in _DICTIONARY.finditer(text):
        for end in _closing_braces(text, match.start("value")):
            # Empty lines before it give the cut its line numbers.
            above = "\n" * text.count("\n", 0, match.start("name"))
            try:
                module.body += _parse(f"{above}{match['name']} = {text[match.start('value') : end]}").body
            except (SyntaxError, ValueError):
                continue
            break
    return module


def _closing_braces(text: str, start: int) -> Iterator[int]:
    """Yield where the text could end that begins with the brace at `start`."""
    end = start
    for _ in range(_MOST_TRIES):
        end = text.find("}", end) + 1
        if not end:
            return
        yield end
