r"""Links that can be broken: a TCP proxy before the link port of each server, with the weather of each link.

    proxies = LinkProxies(lambda name: config.server(name).links.listen)
    dial = await proxies.listen("Ball")             # others are told to dial Ball here
    proxies.set(link("Alford", "Ball"), Weather.HOLE)

Who dials says so in the first line, `HERD <version> <herd> <sender> ...`: one proxy a server knows all links.
What does not begin like that is a stranger's, and always let through. Everything runs in one asyncio loop.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from herd.config.model import Address

if TYPE_CHECKING:
    from collections.abc import Callable

Link: TypeAlias = tuple[str, str]
"""Two neighbors, in the order of their names."""

HOST: Final = "127.0.0.1"
OPENING_S: Final = 5.0
"""How long one that dials may take over its first line."""

_CHUNK_BYTES: Final = 65_536
_SENDER: Final = 3
_OPENING_LINES: Final = 2
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


def link(one: str, other: str) -> Link:
    """Return the link of two neighbors."""
    return (one, other) if one < other else (other, one)


class Weather(Enum):
    """What becomes of the bytes on a link."""

    FAIR = "they get through"
    CUT = "every connection is reset, and every new one"
    HOLE = "they are swallowed, for ever on the connections that there are, and nobody is told"
    STALLED = "they wait, none is lost"
    SLOW = "each piece of them comes late"


class LinkProxies:
    """All proxies. `target` tells where a server really listens; `delay_s` is how late a slow link is."""

    def __init__(self, target: Callable[[str], Address], delay_s: float = 0.05) -> None:
        self.delay_s = delay_s
        self.openings: dict[Link, bytes] = {}
        """The first two lines that a dialer said, of each link the latest: what somebody could replay."""
        self._target = target
        self._weather: dict[Link, Weather] = {}
        self._alone: dict[str, None] = {}
        self._fair = asyncio.Event()
        self._passages: list[_Passage] = []
        self._servers: list[asyncio.Server] = []

    async def listen(self, name: str) -> Address:
        """Open the proxy of a server; return where to dial it."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                with suppress(ConnectionError, asyncio.CancelledError):
                    await self._accept(name, reader, writer)
            finally:
                _reset(writer)

        server = await asyncio.start_server(accept, HOST, 0)
        self._servers.append(server)
        return Address(HOST, server.sockets[0].getsockname()[1])

    def weather(self, link: Link | None) -> Weather:
        """Return the weather of a link; strangers have none."""
        if link is None:
            return Weather.FAIR
        is_cut = link[0] in self._alone or link[1] in self._alone
        return Weather.CUT if is_cut else self._weather.get(link, Weather.FAIR)

    def isolate(self, name: str) -> None:
        """Let a server make no link any more, whatever the weather."""
        self._alone[name] = None
        for passage in list(self._passages):
            if passage.link is not None and name in passage.link:
                passage.reset()

    def rejoin(self, name: str) -> None:
        """Let an isolated server make links again."""
        del self._alone[name]

    def set(self, link: Link, weather: Weather) -> None:
        """Change the weather of a link."""
        self._weather[link] = weather
        for passage in list(self._passages):
            if passage.link == link:
                if weather is Weather.CUT:
                    passage.reset()
                passage.is_lost |= weather is Weather.HOLE
        changed, self._fair = self._fair, asyncio.Event()
        changed.set()

    async def wait_while_stalled(self, link: Link | None) -> None:
        """Return once bytes on a link get on."""
        while self.weather(link) is Weather.STALLED:
            await self._fair.wait()

    async def close(self) -> None:
        """Reset everything, and listen no more."""
        for server in self._servers:
            server.close()
        for weather_of in list(self._weather):
            self.set(weather_of, Weather.FAIR)
        while self._passages:
            for passage in list(self._passages):
                passage.reset()
            await asyncio.sleep(0)

    async def _accept(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(OPENING_S):
                opening = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return
        words = opening.decode(errors="replace").split(" ")
        is_neighbor = words[0] == "HERD" and len(words) > _SENDER
        passage = _Passage(self, link(words[_SENDER], name) if is_neighbor else None, writer)
        if self.weather(passage.link) is Weather.CUT:
            return
        passage.is_lost = self.weather(passage.link) is Weather.HOLE
        self._passages.append(passage)
        try:
            await passage.run(reader, opening, self._target(name))
        finally:
            passage.reset()
            self._passages.remove(passage)


class _Passage:
    """One connection through a proxy. `is_lost`: it has been in a black hole, and never gets out again."""

    def __init__(self, proxies: LinkProxies, link: Link | None, dialer: asyncio.StreamWriter) -> None:
        self.link = link
        self.is_lost = False
        self._proxies = proxies
        self._writers = [dialer]
        self._opening = b""

    def reset(self) -> None:
        for writer in self._writers:
            _reset(writer)

    async def run(self, reader: asyncio.StreamReader, opening: bytes, target: Address) -> None:
        (dialer,) = self._writers
        if self.is_lost:
            while await reader.read(_CHUNK_BYTES):
                pass
            return
        try:
            back, acceptor = await asyncio.open_connection(target.host, target.port)
        except OSError:
            return
        self._writers.append(acceptor)
        if self.is_lost or self._proxies.weather(self.link) is Weather.CUT:
            return
        self._remember(opening)
        acceptor.write(opening)
        await asyncio.gather(
            self._pump(reader, acceptor, self._remember), self._pump(back, dialer, lambda _: None)
        )

    def _remember(self, data: bytes) -> None:
        """Keep the dialer's first two lines."""
        if self.link is not None and self._opening.count(b"\n") < _OPENING_LINES:
            self._opening += data
            if self._opening.count(b"\n") >= _OPENING_LINES:
                lines = self._opening.split(b"\n")[:_OPENING_LINES]
                self._proxies.openings[self.link] = b"\n".join([*lines, b""])

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], None]
    ) -> None:
        """Pass bytes on one way, up to and with their end; a reset of one side resets the other."""
        try:
            while True:
                chunk = await reader.read(_CHUNK_BYTES)
                await self._proxies.wait_while_stalled(self.link)
                if self._proxies.weather(self.link) is Weather.SLOW:
                    await asyncio.sleep(self._proxies.delay_s)
                if not self.is_lost:
                    seen(chunk)
                    writer.write(chunk)
                    if not chunk:
                        writer.write_eof()
                    await writer.drain()
                if not chunk:
                    return
        except OSError:
            if not self.is_lost:
                self.reset()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other end sees a reset."""
    if not writer.transport.is_closing():
        connection = writer.get_extra_info("socket")
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
