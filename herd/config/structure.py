"""Tables of a document into frozen classes, and every way in which they do not fit, in words.

A class's fields are structured one key at a time: what is wrong with a key is reported, its field keeps its
default, and everything else is read and checked further. So one reading finds all errors of a file.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import attrs
import cattrs

from herd.config.endpoint import FaultsError, parse_endpoint
from herd.config.model import Endpoint
from herd.config.problem import DocumentPath, Problem, did_you_mean, show_string

_T = TypeVar("_T", bound="attrs.AttrsInstance")

_LONGEST_SHOWN: Final = 40
_BOUND: Final = re.compile(r"'\w+' must be (>=|>) (\S+): .*", re.DOTALL)
"""What the validators of attrs say."""


def structure_table(
    cls: type[_T], table: Mapping[str, Any], path: DocumentPath, problems: list[Problem]
) -> tuple[_T, frozenset[str]]:
    """Make a `cls`, all of whose fields have defaults, from a table; add what is wrong to `problems`.

    Returns it with the keys that were wrong; their fields have the default.
    """
    given: dict[str, Any] = {}
    known = [field.name for field in attrs.fields(cls)]
    wrong = set()
    for key, value in table.items():
        if key not in known:
            problems.append(unknown_key((*path, key), known))
            continue
        try:
            one = _CONVERTER.structure({key: value}, cls)
        except cattrs.ClassValidationError as error:
            wrong.add(key)
            problems.extend(
                Problem(path=(*path, key, *below), message=message)
                for below, message in _faults(error, value)
            )
        else:
            given[key] = getattr(one, key)
    return cls(**given), frozenset(wrong)


def unknown_key(path: DocumentPath, known: list[str]) -> Problem:
    """Return the error for a key that means nothing."""
    otherwise = f"; known here: {', '.join(known)}"
    return Problem(path=path, message=f"unknown key{did_you_mean(str(path[-1]), known, otherwise)}")


def show_value(value: Any) -> str:
    """Write a value of TOML for a message, long ones cut."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…"
        return show_string(cut)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    text = str(value) if isinstance(value, float) or abs(value).bit_length() < 256 else "a huge number"  # noqa: PLR2004
    return text if len(text) <= _LONGEST_SHOWN else "a huge number"


def wrong_type(expected: str, value: Any) -> str:
    """Return the words for a value of the wrong kind."""
    return f"must be {expected}, not {show_value(value)}"


def _faults(error: cattrs.ClassValidationError, value: Any) -> list[tuple[DocumentPath, str]]:
    """Return what is wrong with the one value that a class was structured from."""
    found: list[tuple[DocumentPath, str]] = []
    for leaf in error.exceptions:
        if isinstance(leaf, FaultsError):
            found += leaf.faults
        else:
            found.append(((), _in_words(leaf, value)))
    return found


def _in_words(error: Exception, value: Any) -> str:
    bound = _BOUND.fullmatch(str(error))
    if bound is None:
        return str(error)
    words = {">=": "at least", ">": "more than"}
    return f"must be {words[bound[1]]} {bound[2]}, not {show_value(value)}"


def _plain(kind: type, expected: str) -> Callable[[Any, Any], Any]:
    """Make a hook that takes a value of exactly this type: `true` is no number, and "5" is none."""

    def hook(value: Any, _type: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(wrong_type(expected, value))
        return value

    return hook


def _float(value: Any, _type: Any) -> float:
    if type(value) not in {int, float}:
        raise ValueError(wrong_type("a number", value))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(wrong_type("a finite number", value))
    return number


def _path(value: Any, _type: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(wrong_type("a path", value))
    return Path(value)


def _literal(value: Any, literal: Any) -> Any:
    choices = [str(choice) for choice in get_args(literal)]
    if value in choices:
        return value
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    raise ValueError(wrong_type(" or ".join(show_string(choice) for choice in choices), value) + hint)


def _strings(value: Any, _type: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise FaultsError([((), wrong_type('an array of strings such as ["Ball", "Welsh"]', value))])
    faults: list[tuple[DocumentPath, str]] = [
        ((index,), wrong_type("a string", each))
        for index, each in enumerate(value)
        if not isinstance(each, str)
    ]
    if faults:
        raise FaultsError(faults)
    return tuple(value)


def _is_strings(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind) == (str, ...)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter()
    converter.register_structure_hook(bool, _plain(bool, "true or false"))
    converter.register_structure_hook(int, _plain(int, "a whole number"))
    converter.register_structure_hook(str, _plain(str, "a string"))
    converter.register_structure_hook(float, _float)
    converter.register_structure_hook(Path, _path)
    converter.register_structure_hook(Endpoint, lambda value, _type: parse_endpoint(value))
    converter.register_structure_hook_func(_is_literal, _literal)
    converter.register_structure_hook_func(_is_strings, _strings)
    return converter


_CONVERTER: Final = _converter()
