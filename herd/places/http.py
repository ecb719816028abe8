"""A small HTTP client for JSON: bounded in size, never redirected, and silent about keys.

What goes wrong becomes a `ProviderError` of one line here and nowhere else, so that no exception of a
library, which may quote an address with a key in it, travels further. Answers are read with a running count
and the connection is dropped at the bound. They are asked for uncompressed: a compressed one could grow a
thousandfold after it was counted.

Connections are kept between questions, and a kept one may be dead though nobody knows: the provider was
restarted, or a router on the way has forgotten it. So a question that gets no answer over a kept connection
is asked once more over a new one, and the others that were kept are let go, as they are as old. Nothing is
asked that may not be asked twice.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

import treq.client
from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.web.client import (
    Agent,
    HTTPConnectionPool,
    RequestTransmissionFailed,
    ResponseDone,
    ResponseNeverReceived,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent
from zope.interface import implementer

import herd
from herd.places.failures import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.python.failure import Failure
    from twisted.web.iweb import IBodyProducer, IResponse

    from herd.places.interfaces import Surroundings
    from herd.places.secret import Key

MAX_BODY_BYTES: Final = 2_000_000
"""Twenty places of Google's take 20 kB, a thousand of OpenStreetMap's under a megabyte."""

_IDLE_CONNECTIONS: Final = 8
"""Connections kept open between questions: handshakes are the longest part of a short one."""

_NO_ANSWER: Final = (RequestTransmissionFailed, ResponseNeverReceived)
"""What a connection ends with that was dead already: not a byte of an answer came."""

_TOO_MANY_REQUESTS: Final = 429
_OK: Final = 200


@frozen
class Reply:
    """A whole answer: the status, and the JSON value, None where the body was none."""

    code: int
    value: Any


class JsonClient:
    """Sends requests to one service, below `base_url`."""

    def __init__(self, surroundings: Surroundings, base_url: str, key: Key | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._key = key
        self._pool: HTTPConnectionPool | None = None
        agent: IAgent
        if surroundings.agent_for is not None:
            agent = surroundings.agent_for(surroundings.reactor)
        else:
            self._pool = HTTPConnectionPool(surroundings.reactor)
            self._pool.maxPersistentPerHost = _IDLE_CONNECTIONS
            self._pool.retryAutomatically = False  # not of a POST; `_ask` does it for all
            agent = Agent(surroundings.reactor, pool=self._pool)
        self._may_keep = False
        """Whether a connection may have been kept from an earlier question."""
        self._reactor = surroundings.reactor
        self._client = treq.client.HTTPClient(_Uncompressed(agent))

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, list[str]] | None = None,
        **body_or_params: Any,
    ) -> Reply:
        """Send one request and return its whole answer, whatever its status below 500 but 429.

        `body_or_params` are treq's `params`, `json` or `data`. Raises a `ProviderError`.
        """
        all_headers = Headers({"User-Agent": [f"herd/{herd.__version__}"], **(headers or {})})
        try:
            response, body = await self._ask(method, path, all_headers, body_or_params)
        except (CancelledError, ProviderError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a library raises may quote the key
            cause = _cause(error)
            if isinstance(cause, CancelledError):
                raise cause from None
            words = " ".join(f"{type(cause).__name__}: {cause}".split())
            raise ProviderError(
                f"the places provider cannot be reached: {self.scrub(words)[:200]}", transient=True
            ) from None
        return self._reply(response, body)

    async def _ask(
        self, method: str, path: str, headers: Headers, body_or_params: Mapping[str, Any]
    ) -> tuple[IResponse, bytes]:
        """Send a request and read its answer; once more where a kept connection turns out to be dead."""
        is_again = not self._may_keep
        while True:
            try:
                response = await self._client.request(
                    method,
                    self._base_url + path,
                    headers=headers,
                    allow_redirects=False,
                    unbuffered=True,
                    reactor=self._reactor,
                    **body_or_params,
                )
                body = await read_bounded(response, MAX_BODY_BYTES)
            except Exception as error:
                self._let_go()
                was_dead = isinstance(error, _NO_ANSWER) and not isinstance(_cause(error), CancelledError)
                if is_again or not was_dead:
                    raise
                is_again = True
            else:
                self._may_keep = self._pool is not None
                return response, body

    def _let_go(self) -> None:
        """Close what is idle: it is as old as what has just failed, or been silent."""
        self._may_keep = False
        if self._pool is not None:
            self._pool.closeCachedConnections()

    def _reply(self, response: IResponse, body: bytes) -> Reply:
        code = int(response.code)
        if code == _TOO_MANY_REQUESTS:
            raise ProviderError(
                "the places provider says that it was asked too often (HTTP 429)",
                status="OVER_QUERY_LIMIT",
                transient=True,
                retry_after_s=_retry_after_s(response.headers),
            )
        if code >= 500:  # noqa: PLR2004  # HTTP's class of the server's own errors
            raise ProviderError(
                f"the places provider has an error of its own (HTTP {code})",
                transient=True,
                retry_after_s=_retry_after_s(response.headers),
            )
        if 300 <= code < 400:  # noqa: PLR2004  # HTTP's class of redirects
            raise ProviderError(
                f"the places provider answered with a redirect (HTTP {code}), which is not followed:"
                " give the final address as base_url"
            )
        try:
            value = json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            if code == _OK:
                raise ProviderError("the places provider's answer is not JSON") from None
            value = None
        return Reply(code, value)

    def scrub(self, text: str) -> str:
        """Hide the key wherever it stands in a text of the provider."""
        return text if self._key is None else self._key.scrub(text)

    def close(self) -> Deferred[None]:
        """Close idle connections."""
        closed: Deferred[None] = Deferred()
        if self._pool is None:
            closed.callback(None)
        else:
            self._pool.closeCachedConnections().chainDeferred(closed)
        return closed


def read_bounded(response: IResponse, limit: int) -> Deferred[bytes]:
    """Read a body of at most `limit` bytes; one byte more, or cancelling, closes the connection."""
    reader = _Reader(limit)
    response.deliverBody(reader)
    return reader.body


class _Reader(Protocol):
    """Collects a body while it stays within the limit."""

    def __init__(self, limit: int) -> None:
        self.body: Deferred[bytes] = Deferred(lambda _: self._drop())
        self._limit = limit
        self._size = 0
        self._chunks: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._limit:
            self._chunks.append(data)
        else:
            self._drop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.body.called:
            return
        if self._size > self._limit:
            self.body.errback(
                ProviderError(f"the places provider's answer is longer than {self._limit} bytes")
            )
        # Without a length, HTTP/1.0 ends where the connection does; a cut one then fails as JSON.
        elif reason.check(ResponseDone, PotentialDataLoss):
            self.body.callback(b"".join(self._chunks))
        else:
            self.body.errback(reason)

    def _drop(self) -> None:
        self._chunks.clear()
        if self.transport is not None:
            # The response's transport offers no abortConnection, only to be a producer that is stopped.
            self.transport.stopProducing()  # type: ignore[attr-defined]


@implementer(IAgent)
class _Uncompressed:
    """An agent that asks for bodies as they are, and takes no others."""

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,  # noqa: N803  # IAgent's name
    ) -> Deferred[IResponse]:
        headers = headers.copy() if headers is not None else Headers()
        headers.setRawHeaders(b"Accept-Encoding", [b"identity"])
        return self._agent.request(method, uri, headers, bodyProducer).addCallback(self._check)

    @staticmethod
    def _check(response: IResponse) -> IResponse | Deferred[IResponse]:
        encodings = response.headers.getRawHeaders(b"Content-Encoding", [])
        if all(encoding.strip().lower() == b"identity" for encoding in encodings):
            return response
        return read_bounded(response, 0).addBoth(_refuse_compressed)


def _cause(error: BaseException) -> BaseException:
    """Return what happened to a connection, out of the errors that Twisted wraps it in."""
    while reasons := getattr(error, "reasons", None):
        error = reasons[0].value
    return error


def _refuse_compressed(_: object) -> NoReturn:
    raise ProviderError("the places provider's answer is compressed, though it was asked not to")


def _refuse_constant(name: str) -> None:
    """Refuse what Python reads and JSON lacks: NaN and the infinities."""
    raise ValueError(name)


def _retry_after_s(headers: Headers) -> float:
    """Return the wait that the provider asks for, in seconds; 0 where it asks for none, or by a date."""
    values = headers.getRawHeaders(b"Retry-After", [])
    text = values[0].strip() if values else b""
    return float(text) if text.isdigit() and len(text) < 10 else 0.0  # noqa: PLR2004  # more is no wait
