"""Those who use the herd while it is tortured: writers, each with clients of its own, and readers.

A client has one writer, which gives each of its reports a later time than the last and sends it to any
server; what gets no answer, or a refusal, is sometimes sent again to another server. So what the newest
report of a client is, is never in question.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from torturing.conversation import PATIENCE_S, Answer, Conversation, dial, iamat, whatsat

if TYPE_CHECKING:
    import random

    from torturing.conversation import Command
    from torturing.history import History
    from torturing.servers import Servers

WRITERS: Final = 12
CLIENTS_PER_WRITER: Final = 25
READERS: Final = 4

_THINK_S: Final = 0.08
_FIRST_TIME: Final = 1_700_000_000
_BURSTS: Final = (1, 1, 1, 2, 5, 20)
_RENEW: Final = 0.03
_AGAIN: Final = 0.5


class Actor:
    """Somebody with a connection to each server, made when it is needed."""

    def __init__(self, servers: Servers, history: History, source: random.Random) -> None:
        self.servers = servers
        self.history = history
        self.source = source
        self._conversations: dict[str, Conversation] = {}
        self._finishing: list[asyncio.Task[None]] = []

    async def tell(self, name: str, *commands: Command) -> list[Answer | None]:
        """Send commands to a server; return what was answered in time, None where nothing was."""
        conversation = await self._conversation(name)
        if conversation is None:
            return [None] * len(commands)
        futures = conversation.say(*commands)
        await asyncio.wait(futures, timeout=PATIENCE_S)
        return [future.result() if future.done() else None for future in futures]

    async def think(self) -> None:
        """Do nothing for a moment."""
        await asyncio.sleep(self.source.expovariate(1 / _THINK_S))

    async def finish(self) -> None:
        """End all connections, and see that all is answered."""
        for conversation in self._conversations.values():
            self._finishing.append(asyncio.create_task(conversation.finish()))
        await asyncio.gather(*self._finishing)

    def server(self) -> str:
        """Choose a server, dead or alive."""
        return self.source.choice(self.servers.names)

    async def _conversation(self, name: str) -> Conversation | None:
        old = self._conversations.get(name)
        if old is not None and old.is_usable and self.source.random() > _RENEW:
            return old
        if old is not None:
            del self._conversations[name]
            self._finishing.append(asyncio.create_task(old.finish()))
        new = await dial(name, self.servers, self.history)
        if new is not None:
            self._conversations[name] = new
        return new


class Writer(Actor):
    """One that reports for some clients."""

    def __init__(self, number: int, servers: Servers, history: History, source: random.Random) -> None:
        super().__init__(servers, history, source)
        self.clients = [b"client-%d-%d" % (number, each) for each in range(CLIENTS_PER_WRITER)]
        self._last_time = _FIRST_TIME

    async def run(self) -> None:
        """Report, over and over."""
        await self._write(self.clients)
        while True:
            await self.think()
            clients = [self.source.choice(self.clients) for _ in range(self.source.choice(_BURSTS))]
            await self._write(clients)

    async def _write(self, clients: list[bytes]) -> None:
        commands = [self._report(client) for client in clients]
        answers = await self.tell(self.server(), *commands)
        self._count(answers)
        newest = {command.client: command for command in commands}
        again = [
            command
            for command, answer in zip(commands, answers, strict=True)
            if (answer is None or answer.record is None) and newest[command.client] is command
        ]
        if again and self.source.random() < _AGAIN:
            self._count(await self.tell(self.server(), *again))

    def _report(self, client: bytes) -> Command:
        """Make a report with a later time, its numeral now long, now short."""
        source = self.source
        self._last_time += source.choice((1, 1, 1, 100))
        decimals = source.choice((0, 1, 3, 9, 9, 9, 12))
        fraction = b".%0*d" % (decimals, source.randrange(10**decimals)) if decimals else b""
        numeral = b"%d" % self._last_time + fraction
        position = b"%+.6f%+.6f" % (source.uniform(-90, 90), source.uniform(-180, 180))
        self.history.report(client, numeral, position)
        return iamat(client, numeral, position)

    def _count(self, answers: list[Answer | None]) -> None:
        for answer in answers:
            if answer is None:
                self.history.counts["reports unanswered"] += 1
            else:
                self.history.counts[
                    "reports refused" if answer.record is None else "reports acknowledged"
                ] += 1


class Reader(Actor):
    """One that asks where clients are."""

    async def run(self) -> None:
        """Ask, over and over."""
        while True:
            await self.think()
            known = list(self.history.reports)
            if known:
                count = self.source.choice(_BURSTS)
                questions = [whatsat(self.source.choice(known)) for _ in range(count)]
                answers = await self.tell(self.server(), *questions)
                self.history.counts["questions"] += sum(answer is not None for answer in answers)
