"""The HTTP client against a real server that slows, cuts, swells, sends elsewhere and lies."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.web.server import NOT_DONE_YET

from herd.places.failures import ProviderError
from herd.places.http import MAX_BODY_BYTES, JsonClient, Reply
from herd.places.secret import Key
from tests.places.standins import KEY, cut_off, hang_up, reactor, says, silence, ten_megabytes, text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twisted.web.server import Request

    from herd.places.interfaces import Surroundings
    from tests.places.standins import Provider


@pytest_twisted.async_yield_fixture
async def client(provider: Provider, surroundings: Surroundings) -> AsyncIterator[JsonClient]:
    client = JsonClient(surroundings, provider.base_url + "/", Key(KEY))
    yield client
    await client.close()


async def failure_of(client: JsonClient) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        await client.request("GET", "/")
    return raised.value


@pytest_twisted.ensureDeferred
async def test_json_is_read_whatever_it_calls_itself(provider: Provider, client: JsonClient) -> None:
    provider.behaviors = [says({"a": [1]}), text('{"b": 2}', content_type="text/plain")]
    assert await client.request("GET", "/x", params={"q": "ö&"}) == Reply(200, {"a": [1]})
    assert await client.request("POST", "/y", json={"z": 1}) == Reply(200, {"b": 2})
    first, second = provider.asked
    assert (first.method, first.path, first.arguments) == ("GET", "/x", {"q": "ö&"})
    assert (second.method, second.path, second.body) == ("POST", "/y", b'{"z":1}')
    assert second.headers["user-agent"].startswith("herd/")
    assert second.headers["accept-encoding"] == "identity"


@pytest_twisted.ensureDeferred
async def test_a_refusal_is_a_reply(provider: Provider, client: JsonClient) -> None:
    provider.behaviors = [says({"error": {}}, 403), text("<h1>Not Found</h1>", 404)]
    assert await client.request("GET", "/") == Reply(403, {"error": {}})
    assert await client.request("GET", "/") == Reply(404, None)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("behavior", "words", "status", "is_transient"),
    [
        (text("busy", 429), "asked too often (HTTP 429)", "OVER_QUERY_LIMIT", True),
        (text("oh", 500), "an error of its own (HTTP 500)", "UNKNOWN_ERROR", True),
        (text("oh", 503), "an error of its own (HTTP 503)", "UNKNOWN_ERROR", True),
        (text("<html>Sign in to the hotel's network"), "is not JSON", "UNKNOWN_ERROR", False),
        (text('{"a": NaN}'), "is not JSON", "UNKNOWN_ERROR", False),
        (text("[" * 100_000), "is not JSON", "UNKNOWN_ERROR", False),
        (text("", 302, location="http://127.0.0.1:1/"), "a redirect (HTTP 302)", "UNKNOWN_ERROR", False),
        (cut_off, "cannot be reached", "UNKNOWN_ERROR", True),
        (hang_up, "cannot be reached", "UNKNOWN_ERROR", True),
    ],
)
async def test_what_is_no_answer_is_a_failure_in_one_line(  # noqa: PLR0917  # a row of a table
    provider: Provider, client: JsonClient, behavior: Any, words: str, status: str, is_transient: bool
) -> None:
    provider.behaviors = [behavior]
    error = await failure_of(client)
    assert words in str(error)
    assert "\n" not in str(error)
    assert (error.status, error.transient) == (status, is_transient)
    assert len(provider.asked) == 1


@pytest_twisted.ensureDeferred
async def test_ten_megabytes_are_dropped_at_the_bound(provider: Provider, client: JsonClient) -> None:
    provider.behaviors = [ten_megabytes]
    error = await failure_of(client)
    assert str(error) == f"the places provider's answer is longer than {MAX_BODY_BYTES} bytes"
    assert not error.transient
    # The connection is gone: the server could not finish.
    await deferLater(reactor, 0.05)
    assert provider.broken_off == 1


@pytest_twisted.ensureDeferred
async def test_a_compressed_answer_is_refused_before_it_can_grow(
    provider: Provider, client: JsonClient
) -> None:
    def bomb(request: Request) -> bytes:
        request.setHeader("content-encoding", "gzip")
        return gzip.compress(b"0" * 5_000_000)

    provider.behaviors = [bomb]
    assert "is compressed, though it was asked not to" in str(await failure_of(client))


@pytest_twisted.ensureDeferred
async def test_a_wait_that_the_server_asks_for_is_told(provider: Provider, client: JsonClient) -> None:
    provider.behaviors = [
        text("", 429, retry_after="7"),
        text("", 503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
    ]
    assert (await failure_of(client)).retry_after_s == 7
    assert (await failure_of(client)).retry_after_s == 0


@pytest_twisted.ensureDeferred
async def test_nobody_there_is_a_transient_failure(surroundings: Surroundings, free_ports: Any) -> None:
    client = JsonClient(surroundings, f"http://127.0.0.1:{free_ports(1)[0]}", Key(KEY))
    error = await failure_of(client)
    assert error.transient
    assert str(error).startswith("the places provider cannot be reached: ConnectionRefusedError")
    await client.close()


@pytest_twisted.ensureDeferred
async def test_cancelling_hangs_up(provider: Provider, client: JsonClient) -> None:
    provider.behaviors = [silence]
    asked = Deferred.fromCoroutine(client.request("GET", "/"))
    while not provider.asked:
        await deferLater(reactor, 0.001)
    asked.cancel()
    with pytest.raises(CancelledError):
        await asked
    await deferLater(reactor, 0.05)
    assert provider.broken_off == 1


async def keep_two(provider: Provider, client: JsonClient) -> set[int]:
    """Have two connections kept; return their ports."""
    waiting: list[Request] = []

    def together(request: Request) -> int:
        waiting.append(request)
        if len(waiting) == 2:
            for each in waiting:
                each.write(b"{}")
                each.finish()
        return NOT_DONE_YET

    provider.behaviors = [together]
    both = [Deferred.fromCoroutine(client.request("GET", "/")) for _ in range(2)]
    assert [await each for each in both] == [Reply(200, {})] * 2
    kept = {each.port for each in provider.asked}
    assert len(kept) == 2
    provider.asked.clear()
    return kept


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_kept_connection_that_is_dead_costs_no_answer(
    provider: Provider, client: JsonClient, method: str
) -> None:
    kept = await keep_two(provider, client)
    provider.behaviors = [hang_up, says(1), says(2)]
    assert await client.request(method, "/", json={"z": 1}) == Reply(200, 1)
    assert await client.request(method, "/", json={"z": 1}) == Reply(200, 2)
    dead, first, second = provider.asked
    assert dead.port in kept
    # The other one that was kept is as old: it is not tried, and what has just answered is.
    assert first.port not in kept
    assert second.port == first.port
    assert {each.body for each in provider.asked} == {b'{"z":1}'}


@pytest_twisted.ensureDeferred
async def test_a_question_is_sent_twice_at_most(provider: Provider, client: JsonClient) -> None:
    await keep_two(provider, client)
    provider.behaviors = [hang_up]
    assert (await failure_of(client)).transient
    assert len(provider.asked) == 2
    assert (await failure_of(client)).transient
    assert len(provider.asked) == 3


@pytest_twisted.ensureDeferred
async def test_half_an_answer_is_not_asked_for_again(provider: Provider, client: JsonClient) -> None:
    await keep_two(provider, client)
    provider.behaviors = [cut_off]
    assert (await failure_of(client)).transient
    assert len(provider.asked) == 1


@pytest_twisted.ensureDeferred
async def test_after_silence_no_other_kept_connection_is_tried(
    provider: Provider, client: JsonClient
) -> None:
    kept = await keep_two(provider, client)
    provider.behaviors = [silence, says(1)]
    asked = Deferred.fromCoroutine(client.request("GET", "/"))
    while not provider.asked:
        await deferLater(reactor, 0.001)
    asked.cancel()
    with pytest.raises(CancelledError):
        await asked
    assert await client.request("GET", "/") == Reply(200, 1)
    silent, answered = provider.asked
    assert silent.port in kept
    assert answered.port not in kept


@pytest_twisted.ensureDeferred
async def test_an_exception_that_quotes_the_key_is_scrubbed(surroundings: Surroundings) -> None:
    class Talkative:
        def request(self, _method: bytes, uri: bytes, *_: object) -> Deferred[Any]:
            raise ValueError(f"cannot parse {uri.decode()}\nnor {KEY}")

    client = JsonClient(evolve(surroundings, agent_for=lambda _: Talkative()), "http://h", Key(KEY))
    with pytest.raises(ProviderError) as raised:
        await client.request("GET", "/", params={"key": KEY})
    assert str(raised.value) == (
        "the places provider cannot be reached: ValueError: cannot parse http://h/?key=*** nor ***"
    )
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    await client.close()
