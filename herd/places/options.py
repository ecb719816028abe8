"""The options of a provider's own table, `[places.<provider>]`: which there are, and what is wrong with them.

Messages never quote a value: somebody may have written a key where its variable's name belongs.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIMIT_IN_FLIGHT: Final = 1024


@frozen
class Option:
    """One option: what it takes in words, and a test of a value."""

    takes: str
    fits: Callable[[Any], bool]
    required: bool = False


def check_options(options: Mapping[str, Any], known: Mapping[str, Option]) -> list[str]:
    """Return a line for each unknown option, each value that does not fit and each required one missing."""
    problems = [
        f"{name}: it must be {known[name].takes}"
        if name in known
        else f"{name}: there is no such option{did_you_mean(name, known)}"
        for name, value in options.items()
        if name not in known or not known[name].fits(value)
    ]
    missing = [name for name, option in known.items() if option.required and name not in options]
    return problems + [f"{name}: it is missing; it must be {known[name].takes}" for name in missing]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return what to add to "there is no such thing": the nearest known word, or all of them."""
    words = sorted(known)
    if not words:
        return ""
    near = difflib.get_close_matches(word.casefold(), words, n=1)
    return f", did you mean `{near[0]}`?" if near else f"; there is {', '.join(words)}"


def is_text(value: Any) -> bool:
    """Tell whether `value` is text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def is_seconds(value: Any) -> bool:
    """Tell whether `value` is a positive, finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def is_in_flight(value: Any) -> bool:
    """Tell whether `value` is a whole number from 1 to 1024."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LIMIT_IN_FLIGHT


def is_base_url(value: Any) -> bool:
    """Tell whether `value` is the beginning of an HTTP address, with neither password nor query."""
    if not isinstance(value, str) or any(not "!" <= char <= "~" for char in value):
        return False
    try:
        parts = urlsplit(value)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return fits and "@" not in parts.netloc and not parts.query and not parts.fragment
