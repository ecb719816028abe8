r"""Those who want to change a record and may not: AT lines and garbage, on the ports of clients and of links.

On a client port every line of theirs must be refused. On a link port they say hello in a neighbor's name,
guess a proof, leave out the proof, repeat the opening of a real link, or talk nonsense; all that they may
ever get is one HERD line. Their records are of the writers' clients and of clients of their own, with a time
that would beat every other.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from herd.testing.proxy import link
from torturing.clients import Actor
from torturing.conversation import Command

if TYPE_CHECKING:
    import random

    from herd.testing.proxy import LinkProxies
    from torturing.history import History
    from torturing.servers import Servers

STRANGERS: Final = 3
MARK: Final = b"stranger"
"""In the id of every client that only strangers know."""

_THINK_S: Final = 0.15
_PATIENCE_S: Final = 8.0
_ALLOWED: Final = re.compile(rb"(?:HERD [^\n]*\n)?")


class Stranger(Actor):
    """One of them."""

    def __init__(
        self, servers: Servers, history: History, source: random.Random, proxies: LinkProxies
    ) -> None:
        super().__init__(servers, history, source)
        self._proxies = proxies

    async def run(self) -> None:
        """Try, over and over."""
        while True:
            await asyncio.sleep(self.source.expovariate(1 / _THINK_S))
            if self.source.random() < 0.5:  # noqa: PLR2004 - either
                await self._pester_clients_port()
            else:
                await self._pester_link_port()

    def _record(self) -> bytes:
        """Return a record that would be the newest of its client."""
        source = self.source
        clients = [*self.history.reports, MARK, MARK + b"-%d" % source.getrandbits(16)]
        origin = source.choice(self.servers.names).encode()
        return b"AT %b +0.263873386 %b +1.0+1.0 1799999999.0\n" % (origin, source.choice(clients))

    def _garbage(self) -> bytes:
        source = self.source
        return (
            bytes(source.choice(b"ATIWHERD +-.0189\0\xff\r ") for _ in range(source.randint(1, 60))) + b"\n"
        )

    async def _pester_clients_port(self) -> None:
        lines = [self.source.choice((self._record, self._garbage))() for _ in range(5)]
        await self.tell(self.server(), *(Command(line) for line in lines))
        self.history.counts["lines of strangers"] += len(lines)

    async def _pester_link_port(self) -> None:
        source = self.source
        victim = self.server()
        neighbor = source.choice(self.servers.config.server(victim).neighbors)
        herd = self.servers.config.name
        drawn = f"{source.getrandbits(128):032x} {source.getrandbits(128):032x}"
        hello = f"HERD 1 {herd} {neighbor} {victim} {drawn}\n".encode()
        proof = b"PROOF %064x\n" % source.getrandbits(256)
        opening = source.choice(
            (
                b"",
                hello,
                hello[: source.randrange(len(hello))],
                hello + proof,
                hello + b"PING 1\n",
                proof,
                self._proxies.openings.get(link(victim, neighbor), hello),
                source.randbytes(source.choice((10, 2000))),
            )
        )
        records = b"".join(self._record() for _ in range(source.choice((0, 1, 10))))
        got = await self._say_on_link(victim, opening, records)
        self.history.counts["connections of strangers to links"] += 1
        if not _ALLOWED.fullmatch(got):
            self.history.breach("no strangers", f"{victim} told a stranger {got!r} after {opening!r}")

    async def _say_on_link(self, victim: str, opening: bytes, records: bytes) -> bytes:
        """Say the opening, then records; return all that comes until the server closes, or dies."""
        life = self.servers.life(victim)
        address = self.servers.link_address(victim)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reader, writer = await asyncio.open_connection(address.host, address.port)
        except (OSError, TimeoutError):
            return b""
        got = b""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                writer.write(opening)
                if self.source.random() < 0.5:  # noqa: PLR2004 - either
                    got += await reader.readline()
                writer.write(records)
                while chunk := await reader.read(4096):
                    got += chunk
        except OSError:
            pass
        except TimeoutError:
            if life is not None and not self.servers.is_ending(life):
                self.history.breach("no strangers", f"{life} kept a stranger for {_PATIENCE_S:g} s: {got!r}")
        finally:
            writer.transport.abort()
        return got
