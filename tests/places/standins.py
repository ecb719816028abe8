"""A provider's server that does as it is told, and the question that most tests ask."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, frozen
from twisted.internet import reactor as global_reactor
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from herd.core.position import Position
from herd.places.interfaces import Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.web.server import Request

    Behavior = Callable[[Request], bytes | int]

reactor: Any = global_reactor

UCLA = Position(34.06893, -118.445127)
KEY = "AIzaSy-secret/of+the=test_0123456789"


def ask(radius_km: float = 10.0, bound: int = 5, position: Position = UCLA) -> Question:
    return Question(position, radius_km, bound)


@frozen
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    arguments: dict[str, str]
    headers: dict[str, str]
    body: bytes
    port: int
    """The client's own: which connection it came over."""


@define
class Provider:
    """A provider's server: each request is answered by the next behavior, the last one again and again."""

    behaviors: list[Behavior]
    asked: list[Asked] = Factory(list)
    broken_off: int = 0
    port: Any = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port.getHost().port}"

    def answer(self, request: Request) -> bytes | int:
        self.asked.append(
            Asked(
                request.method.decode(),
                request.path.decode(),
                {name.decode(): values[0].decode() for name, values in request.args.items()},
                {
                    name.decode().lower(): values[0].decode()
                    for name, values in request.requestHeaders.getAllRawHeaders()
                },
                request.content.read() if request.content else b"",
                request.getClientAddress().port,
            )
        )
        request.notifyFinish().addErrback(self._broke_off)
        behavior = self.behaviors.pop(0) if len(self.behaviors) > 1 else self.behaviors[0]
        return behavior(request)

    def _broke_off(self, _: object) -> None:
        self.broken_off += 1


class Everything(Resource):
    isLeaf = True  # noqa: N815  # Twisted's name

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self._provider = provider

    def render(self, request: Request) -> Any:
        return self._provider.answer(request)


class QuietSite(Site):
    """A site without an access log, which would show what was asked."""

    noisy = False

    def log(self, request: object) -> None:
        del request


def says(value: Any, code: int = 200, **headers: str) -> Behavior:
    """Answer with JSON."""
    return text(json.dumps(value), code, "application/json", **headers)


def text(content: str, code: int = 200, content_type: str = "text/html", **headers: str) -> Behavior:
    def behavior(request: Request) -> bytes:
        request.setResponseCode(code)
        request.setHeader("content-type", content_type)
        for name, value in headers.items():
            request.setHeader(name.replace("_", "-"), value)
        return content.encode()

    return behavior


def silence(_: Request) -> int:
    """Take the request and never answer."""
    return NOT_DONE_YET


def hang_up(request: Request) -> int:
    """Take the request and close the connection without a byte."""
    request.loseConnection()
    return NOT_DONE_YET


def cut_off(request: Request) -> int:
    """Promise a thousand bytes, send twelve, and hang up."""
    request.setHeader("content-length", "1000")
    request.write(b'{"places": [')
    request.loseConnection()
    return NOT_DONE_YET


def ten_megabytes(request: Request) -> int:
    """Send ten megabytes with no length given, as fast as they are taken."""
    chunk = b" " * 100_000
    left = 100

    def more() -> None:
        nonlocal left
        if left and not request._disconnected:
            left -= 1
            request.write(chunk)
            reactor.callLater(0, more)
        elif not request._disconnected:
            request.finish()

    more()
    return NOT_DONE_YET
