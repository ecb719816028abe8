"""Proxies before link ports: what gets through in which weather, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from herd.config.model import Address
from herd.testing.proxy import LinkProxies, Weather, link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

HELLO = b"HERD 1 herd Alford Ball x y\n"
LINK = link("Alford", "Ball")
SOON_S = 5.0
NEVER_S = 0.05
"""Long enough for bytes to get through if they do: they have no network to cross."""


@define
class End:
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gets(self, data: bytes) -> None:
        async with asyncio.timeout(SOON_S):
            assert await self.reader.readexactly(len(data)) == data

    async def gets_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(NEVER_S):
                await self.reader.read(1)

    async def is_reset(self) -> None:
        with pytest.raises(ConnectionResetError):
            await self.ends()

    async def ends(self) -> None:
        async with asyncio.timeout(SOON_S):
            assert await self.reader.read() == b""

    def reset(self) -> None:
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@define
class Pair:
    """Ball behind its proxy; `accepted` are the connections that reached it."""

    proxies: LinkProxies
    dial: Address
    accepted: asyncio.Queue[End] = field(factory=asyncio.Queue)
    ends: list[End] = field(factory=list)

    async def connect(self, hello: bytes = HELLO) -> End:
        end = End(*await asyncio.open_connection(self.dial.host, self.dial.port))
        self.ends.append(end)
        await end.says(hello)
        return end

    async def linked(self, hello: bytes = HELLO) -> tuple[End, End]:
        dialer = await self.connect(hello)
        async with asyncio.timeout(SOON_S):
            acceptor = await self.accepted.get()
        await acceptor.gets(hello)
        return dialer, acceptor


@asynccontextmanager
async def pair() -> AsyncIterator[Pair]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = End(reader, writer)
        made.ends.append(end)
        made.accepted.put_nowait(end)

    ball = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = ball.sockets[0].getsockname()[1]
    proxies = LinkProxies(lambda name: {"Ball": Address("127.0.0.1", port)}[name], delay_s=0.01)
    made = Pair(proxies, await proxies.listen("Ball"))
    try:
        yield made
    finally:
        ball.close()
        await proxies.close()
        for end in made.ends:
            end.writer.transport.abort()
        await asyncio.sleep(0)


def over_proxies(test: Callable[[Pair], Coroutine[None, None, None]]) -> Callable[[], None]:
    async def run() -> None:
        async with pair() as made:
            await test(made)

    def wrapped() -> None:
        asyncio.run(run())

    wrapped.__name__ = test.__name__
    return wrapped


@over_proxies
async def test_in_fair_weather_all_gets_through_up_to_the_end(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    await dialer.says(b"there")
    await acceptor.gets(b"there")
    await acceptor.says(b"and back")
    await dialer.gets(b"and back")
    dialer.writer.write_eof()
    await acceptor.ends()
    await acceptor.says(b"last words")
    await dialer.gets(b"last words")


@over_proxies
async def test_a_reset_is_passed_on(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    acceptor.reset()
    await dialer.is_reset()


@over_proxies
async def test_a_cut_resets_what_there_is_and_what_comes_until_it_is_fair_again(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    pair.proxies.set(LINK, Weather.CUT)
    await dialer.is_reset()
    await acceptor.is_reset()
    await (await pair.connect()).is_reset()
    pair.proxies.set(LINK, Weather.FAIR)
    await pair.linked()


@over_proxies
async def test_a_black_hole_swallows_and_never_gives_back(pair: Pair) -> None:
    old = await pair.linked()
    pair.proxies.set(LINK, Weather.HOLE)
    new = await pair.connect()
    for end in (*old, new):
        await end.says(b"hello?")
        await end.gets_nothing()
    assert pair.accepted.empty()
    pair.proxies.set(LINK, Weather.FAIR)
    for end in (*old, new):
        await end.says(b"and now?")
        await end.gets_nothing()
    dialer, acceptor = await pair.linked()
    await dialer.says(b"there")
    await acceptor.gets(b"there")


@over_proxies
async def test_an_end_in_a_black_hole_is_not_heard_of(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    pair.proxies.set(LINK, Weather.HOLE)
    dialer.reset()
    await acceptor.gets_nothing()


@over_proxies
async def test_what_is_stalled_comes_later_and_whole(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    pair.proxies.set(LINK, Weather.STALLED)
    await dialer.says(b"there")
    await acceptor.gets_nothing()
    pair.proxies.set(LINK, Weather.FAIR)
    await acceptor.gets(b"there")


@over_proxies
async def test_a_slow_link_is_late(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    pair.proxies.set(LINK, Weather.SLOW)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await dialer.says(b"there")
    await acceptor.gets(b"there")
    assert loop.time() - began_s >= pair.proxies.delay_s


@over_proxies
async def test_weather_is_for_one_link_and_not_for_strangers(pair: Pair) -> None:
    pair.proxies.set(LINK, Weather.CUT)
    await pair.linked(b"HERD 1 herd Welsh Ball x y\n")
    await pair.linked(b"GET / HTTP/1.1\n")
    await pair.linked(b"HERD\n")


@over_proxies
async def test_an_isolated_server_has_no_link_until_it_rejoins(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    pair.proxies.isolate("Alford")
    await dialer.is_reset()
    await acceptor.is_reset()
    await (await pair.connect()).is_reset()
    await pair.linked(b"HERD 1 herd Welsh Ball x y\n")
    pair.proxies.rejoin("Alford")
    await pair.linked()


@over_proxies
async def test_the_opening_of_a_link_is_kept_for_who_wants_to_repeat_it(pair: Pair) -> None:
    dialer, acceptor = await pair.linked()
    assert pair.proxies.openings == {}
    await dialer.says(b"PROOF abc\nAT ")
    await acceptor.gets(b"PROOF abc\nAT ")
    assert pair.proxies.openings == {LINK: HELLO + b"PROOF abc\n"}


@over_proxies
async def test_who_dials_is_reset_where_nobody_listens(pair: Pair) -> None:
    gone = LinkProxies(lambda _: Address("127.0.0.1", 1))
    pair.dial = await gone.listen("Ball")
    await (await pair.connect()).is_reset()
    await gone.close()
