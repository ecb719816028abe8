"""What is wrong with a configuration, in one line: where, and what to do about it.

An error reads `herd.toml:7: servers.Alford.links: port 0 ...`, a warning `herd.toml:7: warning: servers...`;
the line number is left out where it is not known.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable

DocumentPath: TypeAlias = tuple[str | int, ...]
"""Where in the document: keys of tables, and indices of arrays."""

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")


@frozen(kw_only=True)
class Problem:
    """One error or warning about one place of a configuration."""

    severity: Literal["error", "warning"] = "error"
    path: DocumentPath = ()
    message: str
    source: str = ""
    """The file's name, once it is known."""
    line: int | None = None
    """The line in the file, from 1, where it is known."""
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(
            str(part) for part in (self.source, self.line, self.column) if part not in ("", None)
        )
        words = (
            place,
            self.severity if self.severity == "warning" else "",
            show_path(self.path),
            self.message,
        )
        return ": ".join(word for word in words if word)


def show_path(path: DocumentPath) -> str:
    """Write a path as TOML would: `servers.Alford.neighbors[1]`, odd keys in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + show_key(part)
    return text


def show_key(key: str) -> str:
    """Write one key of TOML, in quotes where it needs them."""
    return key if _BARE_KEY.fullmatch(key) else show_string(key)


def show_name(name: str) -> str:
    """Write a name in a sentence; in quotes if it holds what would confuse."""
    return name if name and name.isprintable() and " " not in name else show_string(name)


def show_string(text: str) -> str:
    """Write a TOML basic string; also right for a message, as nothing of it can break the line."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escape(char) for char in quoted)


def _escape(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"  # noqa: PLR2004 -- the BMP's end


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that `word` was perhaps meant to be, at least this similar (0 to 1)."""
    by_folded = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=cutoff)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return `, did you mean "X"?` for a misspelled word; where nothing is near, `otherwise`."""
    close = nearest(word, known)
    return otherwise if close is None else f", did you mean {show_string(close)}?"
