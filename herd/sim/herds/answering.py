"""One answer against its command: the form that the client protocol gives it, and what it shows.

An answer to an IAMAT is one AT line; to a WHATSAT an AT line, JSON, and a blank line; to all else, and where
a server knows no client or cannot keep its promise, `? ` and the command's own bytes. Lines end as the
command did. A question mark with the name of a limit may come at any time, and is the last that is said.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Final

from attrs import define

from herd.sim.herds.history import Operation
from herd.sim.herds.protocol import ending_of, refusal

_AT: Final = re.compile(
    rb"AT ([^ \t\n\r\f\v]+) [+-][0-9]+\.[0-9]{9} ([^ \t\n\r\f\v]+) ([^ \t\n\r\f\v]+) ([0-9]+(?:\.[0-9]+)?)"
)
_LIMIT: Final = re.compile(
    rb"\? (?:line over [0-9]+ bytes|idle for [0-9.e+]+ s|too many connections(?: from this address)?)\n"
)


class WrongAnswerError(Exception):
    """An answer that no server may give: the violation's name, and what is wrong with it."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self.name = name
        self.text = text


@define(eq=False)
class Sighting:
    """A server showed what it held of a client: `line`, an AT line, or None for nothing."""

    operation: Operation
    client_id: bytes
    line: bytes | None
    begin_ns: int
    end_ns: int
    rank: int = -1
    """The record's place in the order of all records of the client that were seen; -1 for nothing."""
    is_from_inside: bool = False
    """Whether it was seen in the server itself, which need not have swept what has expired."""


def is_limit(answer: bytes) -> bool:
    """Tell whether an answer is the one line that a connection gets whose limit is broken."""
    return _LIMIT.fullmatch(answer) is not None


@lru_cache(maxsize=4096)
def fields_of(line: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Return origin, client id, position and time of an AT line without its ending; None if it is none."""
    match = _AT.fullmatch(line)
    return None if match is None else (match[1], match[2], match[3], match[4])


class Reader:
    """Reads answers; remembers which texts were good JSON, as most are alike."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}

    def read(self, operation: Operation) -> Sighting | None:
        """Return what an answered operation shows of its client, if anything; or a `WrongAnswerError`."""
        command, answer = operation.command, operation.answer
        if answer is None or operation.end_ns is None:
            return None
        if operation.kind == "invalid":
            if answer != refusal(command):
                raise WrongAnswerError("wrong echo", "an invalid command's answer is `? ` and its own bytes")
            return None
        _, client_id, _, fourth = command.split()
        if answer.startswith(b"?"):
            if answer != refusal(command):
                raise WrongAnswerError("wrong echo", "a refusal is `? ` and the command's own bytes")
            line = None
        elif operation.kind == "report":
            line = _only_line(answer, ending_of(command))
            _check_client(line, client_id)
        else:
            line = self._line_before_places(answer, ending_of(command), int(fourth))
            _check_client(line, client_id)
        if line is None and operation.kind == "report":
            return None
        return Sighting(operation, client_id, line, operation.begin_ns, operation.end_ns)

    def _line_before_places(self, answer: bytes, ending: bytes, bound: int) -> bytes:
        line, mark, rest = answer.partition(ending)
        if not mark or not rest.endswith(ending + ending):
            raise WrongAnswerError("malformed answer", "the answer to a WHATSAT ends with a blank line")
        text = rest[: -2 * len(ending)]
        count = self._places.get(text)
        if count is None:
            count = self._places[text] = _count_places(text)
        if count > bound:
            raise WrongAnswerError("too many places", f"there are {count} places, and {bound} were asked for")
        return line


def _only_line(answer: bytes, ending: bytes) -> bytes:
    line = answer.removesuffix(ending)
    if line + ending != answer or b"\n" in line or line.endswith(b"\r"):
        raise WrongAnswerError("malformed answer", "an AT line ends as its command does, and is one line")
    return line


def _check_client(line: bytes, client_id: bytes) -> None:
    fields = fields_of(line)
    if fields is None:
        raise WrongAnswerError("malformed answer", "it does not begin with an AT line")
    if fields[1] != client_id:
        raise WrongAnswerError("another client's answer", "it is about another client than the command")


def _count_places(text: bytes) -> int:
    """Return how many places a JSON text holds."""
    if b"\n\n" in text or text.endswith(b"\n"):
        raise WrongAnswerError("malformed places", "runs of newlines are squeezed in the JSON")
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise WrongAnswerError("malformed places", f"they are no JSON: {error}") from None
    kinds = {"html_attributions": list, "results": list, "status": str}
    if not isinstance(data, dict) or not all(isinstance(data.get(key), kind) for key, kind in kinds.items()):
        raise WrongAnswerError("malformed places", f"they are no object with {', '.join(kinds)}")
    return len(data["results"])
