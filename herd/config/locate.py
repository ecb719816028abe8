"""On which line of a TOML text each key and each element of an array stands.

`tomllib` gives values and forgets where they were. This walks over a text that `tomllib` has accepted and
notes the line of every path; what it meets is therefore TOML, and it has no errors of its own to report.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.config.problem import DocumentPath

_BLANK: Final = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
"""Space, ends of lines, comments, and the commas of arrays and inline tables."""

_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:[^"\\]|\\.)*"' + r"|'[^']*'",
    re.DOTALL,
)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR: Final = re.compile(r"[^,\]}#\r\n]+")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")


def lines_of(text: str) -> dict[DocumentPath, int]:
    """Return the line, from 1, of every path of a TOML text that is known to be right."""
    return _Walk(text).document()


def line_of(path: DocumentPath, lines: Mapping[DocumentPath, int]) -> int | None:
    """Return the line of a path, or of the nearest thing around it; None for the document as a whole."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


class _Walk:
    """A cursor over the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[DocumentPath, int] = {}
        self.elements: Counter[DocumentPath] = Counter()
        """How many tables each array of tables has so far."""
        self._counted = 0
        self._line = 1

    def document(self) -> dict[DocumentPath, int]:
        """Walk over all of it."""
        table: DocumentPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self.lines

    def _header(self) -> DocumentPath:
        """Read `[a.b]` or `[[a.b]]`; return the path of the table that begins."""
        line = self._line_here()
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        keys = self._keys()
        self.at = self.text.index("]", self.at) + (2 if is_array else 1)
        path: DocumentPath = ()
        for key in keys[:-1]:
            path = self._into_last((*path, key), line)
        path = (*path, keys[-1])
        if is_array:
            self.lines.setdefault(path, line)
            self.elements[path] += 1
            path = (*path, self.elements[path] - 1)
        self.lines.setdefault(path, line)
        return path

    def _into_last(self, path: DocumentPath, line: int) -> DocumentPath:
        """Note a table on the way; where it is an array of tables, its last element is meant."""
        self.lines.setdefault(path, line)
        return (*path, self.elements[path] - 1) if path in self.elements else path

    def _pair(self, base: DocumentPath) -> None:
        """Read `a.b = value` of the table `base`."""
        line = self._line_here()
        path = base
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at = self.text.index("=", self.at) + 1
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: DocumentPath) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self.at += 1
            self._skip(_BLANK)
            while self.text[self.at] != "}":
                self._pair(path)
                self._skip(_BLANK)
            self.at += 1
        elif not self._skip(_STRING):
            self._skip(_SCALAR)

    def _array(self, path: DocumentPath) -> None:
        self.at += 1
        self._skip(_BLANK)
        index = 0
        while self.text[self.at] != "]":
            self.lines[*path, index] = self._line_here()
            self._value((*path, index))
            self._skip(_BLANK)
            index += 1
        self.at += 1

    def _keys(self) -> list[str]:
        """Read a dotted key."""
        keys = []
        while True:
            self._skip(_BLANK)
            start = self.at
            if self._skip(_STRING):
                token = self.text[start : self.at]
                keys.append(str(tomllib.loads(f"key = {token}")["key"]))
            else:
                self._skip(_KEY)
                keys.append(self.text[start : self.at])
            if not self._skip(_DOT):
                return keys

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Go past what matches here; tell whether anything did."""
        match = pattern.match(self.text, self.at)
        if match is None or match.end() == self.at:
            return False
        self.at = match.end()
        return True

    def _line_here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line
