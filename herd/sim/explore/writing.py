"""Steps as Python: what a person pastes into a test, and what the header of a trace keeps of them.

Text that came from a file is read again without running it: calls of the classes that steps are made of, and
literals, and nothing else.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any, Final

import attrs

from herd.sim.scenario import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH: Final = 110
_INDENT: Final = 4


class StepsError(ValueError):
    """Text that is no list of steps; one line that says why."""


def python(value: Any) -> str:
    """Return Python that makes a value of attrs classes, tuples, lists, dicts and literals.

    Arguments that have their defaults are left out. Anything else is its `repr`.
    """
    if attrs.has(type(value)):
        return f"{type(value).__name__}({', '.join(_arguments(value))})"
    if isinstance(value, str):
        return _quoted(value)
    if type(value) is tuple:
        return f"({', '.join(map(python, value))}{',' if len(value) == 1 else ''})"
    if type(value) is list:
        return f"[{', '.join(map(python, value))}]"
    if type(value) is dict:
        return "{" + ", ".join(f"{python(key)}: {python(each)}" for key, each in value.items()) + "}"
    return repr(value)


def _quoted(text: str) -> str:
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain.startswith("'") and '"' not in text else plain


def _arguments(value: Any) -> Iterator[str]:
    named = False
    for field in attrs.fields(type(value)):
        if not field.init:
            continue
        held = getattr(value, field.name)
        if _is_default(field, held):
            named = True
            continue
        # A default in the midst is left out; what follows it then needs its name, as does a `for_s`.
        named = named or field.kw_only or (isinstance(value, Step) and field.name == "for_s")
        yield f"{field.alias}={python(held)}" if named else python(held)


def _is_default(field: Any, held: object) -> bool:
    default = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return not default.takes_self and bool(default.factory() == held)
    return default is not attrs.NOTHING and bool(default == held)


def classes(steps: Sequence[Step]) -> dict[str, str]:
    """Return the names of the classes that actions are made of, sorted, and the module of each."""
    found: dict[str, str] = {}
    for step in steps:
        _collect(step.action, found)
    return dict(sorted(found.items()))


def _collect(value: Any, found: dict[str, str]) -> None:
    if attrs.has(type(value)):
        found[type(value).__name__] = type(value).__module__
        for field in attrs.fields(type(value)):
            _collect(getattr(value, field.name), found)
    elif isinstance(value, dict):
        for key, each in value.items():
            _collect(key, found)
            _collect(each, found)
    elif isinstance(value, list | tuple):
        for each in value:
            _collect(each, found)


def read_step(text: str, modules: Mapping[str, str]) -> Step:
    """Return the step that `python` wrote; `modules` says where its classes are, as `classes` does.

    A `StepsError` for text that is no such thing, and for classes that the scenario has not loaded.
    """
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise StepsError(f"{text!r} is no step: {error.msg}") from error
    step = _Reader(text, modules).value(tree.body)
    if not isinstance(step, Step):
        raise StepsError(f"{text!r} is no step")
    return step


class _Reader:
    def __init__(self, text: str, modules: Mapping[str, str]) -> None:
        self._text = text
        self._modules = modules

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self._call(name, args, keywords)
            case ast.Tuple(elts=elements):
                return tuple(self.value(each) for each in elements)
            case ast.List(elts=elements):
                return [self.value(each) for each in elements]
            case ast.Dict(keys=keys, values=values) if None not in keys:
                return {
                    self.value(key): self.value(each) for key, each in zip(keys, values, strict=True) if key
                }
            case _:
                return self._literal(node)

    def _call(self, name: str, args: list[ast.expr], keywords: list[ast.keyword]) -> Any:
        found = Step if name == "Step" else self._class(name)
        if any(each.arg is None for each in keywords):
            raise StepsError(f"{self._text!r} is no step: it unpacks arguments")
        try:
            named = {str(each.arg): self.value(each.value) for each in keywords}
            return found(*map(self.value, args), **named)
        except TypeError as error:
            raise StepsError(f"{self._text!r} is no step: {error}") from error

    def _class(self, name: str) -> Any:
        module = self._modules.get(name, "")
        found = getattr(sys.modules.get(module), name, None)
        if not (isinstance(found, type) and attrs.has(found)):
            raise StepsError(
                f"the scenario has no {name} (of {module or 'nowhere'}) to make {self._text!r} with"
            )
        return found

    def _literal(self, node: ast.expr) -> Any:
        try:
            return ast.literal_eval(node)
        except ValueError as error:
            raise StepsError(f"{self._text!r} is no step: {ast.unparse(node)} is no literal") from error
