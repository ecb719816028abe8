"""How large things are, whether they say what they are, and words that have no place in a checkout."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from tests.house.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.house.finding import Source

FILE_LINES: Final = 400
FUNCTION_LINES: Final = 50

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef

# Spelled in a way that keeps their own rule.
LATER: Final = re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")
MACHINE: Final = re.compile(r"(?<![\w.$}-])/(?:r[o]ot|w[o]rk|U[s]ers)(?:/|\b)")


def long_files(path: str, text: str) -> list[Finding]:
    """A file of over 400 lines."""
    lines = len(text.splitlines())
    return [Finding(path, 1, f"has {lines} lines")] if lines > FILE_LINES else []


def long_functions(source: Source) -> list[Finding]:
    """Functions of over 50 lines, decorators and docstring included."""
    found = []
    for node, name in definitions(source.tree):
        if isinstance(node, Function):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = (node.end_lineno or node.lineno) - first + 1
            if lines > FUNCTION_LINES:
                found.append(Finding(f"{source.path}::{name}", node.lineno, f"has {lines} lines"))
    return found


def silent_modules(source: Source) -> list[Finding]:
    """A module without a docstring."""
    return [] if ast.get_docstring(source.tree) else [Finding(source.path, 1, "has no docstring")]


def long_c_functions(path: str, text: str) -> list[Finding]:
    """C functions of over 50 lines, from the brace in the first column to the other."""
    found, first = [], 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("{"):
            first = number
        elif line.startswith("}") and first:
            lines = number - first + 1
            if lines > FUNCTION_LINES:
                found.append(Finding(path, first, f"has a function of {lines} lines"))
            first = 0
    return found


def silent_c_files(path: str, text: str) -> list[Finding]:
    """A C file that opens neither with a comment nor with its own header, which has one."""
    header = PurePosixPath(path).with_suffix(".h").name
    is_told = text.startswith(("/*", f'#include "{header}"\n'))
    return [] if is_told else [Finding(path, 1, "does not say what it is")]


def silent_names(source: Source) -> list[Finding]:
    """Public classes, functions and methods without a docstring."""
    return [
        Finding(f"{source.path}::{name}", node.lineno, "has no docstring")
        for node, name in definitions(source.tree, into_functions=False)
        if not any(part.startswith("_") for part in name.split("."))
        and not ast.get_docstring(node)
        and not _explained_elsewhere(node)
    ]


def _explained_elsewhere(node: Definition) -> bool:
    """Overloads, overrides and setters are explained where they are first named."""
    decorators = [ast.unparse(each).rpartition(".")[2] for each in node.decorator_list]
    return bool({"overload", "override", "setter", "deleter"}.intersection(decorators))


def definitions(
    node: ast.AST, within: str = "", *, into_functions: bool = True
) -> Iterator[tuple[Definition, str]]:
    """Every class and function with its dotted name, outermost first."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            name = f"{within}{child.name}"
            yield child, name
            if into_functions or isinstance(child, ast.ClassDef):
                yield from definitions(child, f"{name}.", into_functions=into_functions)
        else:
            yield from definitions(child, within, into_functions=into_functions)


def unfinished(path: str, text: str) -> list[Finding]:
    """Marks of work put off."""
    return _matches(LATER, path, text)


def machine_paths(path: str, text: str) -> list[Finding]:
    """Paths of the machine that somebody worked on."""
    return _matches(MACHINE, path, text)


def _matches(pattern: re.Pattern[str], path: str, text: str) -> list[Finding]:
    return [
        Finding(path, number, f"says {match.group()}")
        for number, line in enumerate(text.splitlines(), start=1)
        for match in pattern.finditer(line)
    ]
