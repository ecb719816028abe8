"""A neighbor that a test speaks for by hand, on a real socket: it acknowledges nothing unless told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.handshake import Handshake, Identity, State
from herd.core.reconcile import Step

if TYPE_CHECKING:
    from herd.testing import Client, LocalServer


class StandIn:
    """The far end of a link that is up."""

    def __init__(self, server: LocalServer, client: Client) -> None:
        self.client = client
        self.said = b""
        """The handshake, as this side said it."""
        self._server = server

    async def until(self, mark: bytes) -> list[bytes]:
        """Wait for what comes up to a mark; return its lines."""
        return (await self.client.until(mark)).splitlines()

    def say(self, *lines: bytes) -> None:
        """Say lines, given without their endings."""
        self.client.send(b"".join(line + b"\n" for line in lines))

    async def be_heard(self) -> None:
        """Wait until all that was said has been taken."""
        self.say(b"PING 0")
        await self.until(b"PONG ")
        await self.client.line()

    async def reconcile(self) -> None:
        """Have the server know that this neighbor lacks nothing that it holds now."""
        digests = self._server.node.clients.replica.digests
        while digests.refresh():
            pass
        self.say(Step("ROOT", digests=(digests.root(),)).to_line())
        await self.until(b"DONE\n")


async def stand_in(
    server: LocalServer, name: str = "Ball", *, reconciles: bool = True, secret: bytes | None = None
) -> StandIn:
    """Dial a server as one of its neighbors."""
    identity = Identity(herd="testers", name=name, instance="a stand-in's".replace(" ", "-"), secret=secret)
    handshake = Handshake("dialer", identity, [server.name], "nonce")
    client = await server.connect_to_links()
    found = StandIn(server, client)
    found.said = handshake.start()
    client.send(found.said)
    while handshake.state is not State.DONE:
        reply = handshake.receive((await client.line())[:-1])
        found.said += reply
        client.send(reply)
    if reconciles:
        await found.reconcile()
    return found
