"""One client connection to one server: commands out, and the answers matched to them in order, one to each.

Whatever comes back is checked at once: it must answer the oldest command that waits, with an AT line of its
client no older than what was reported, or with `? ` and the command. A connection may be lost only where its
server was ended; where it is not, and at the end of every connection that has stayed up, no command may be
left without an answer.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from attrs import frozen

from torturing.history import History, Life, Record, Sighting, parse_record

if TYPE_CHECKING:
    from torturing.servers import Servers

DIAL_S: Final = 1.0
PATIENCE_S: Final = 3.0
"""How long a client waits for an answer before it does something else; a later one still counts."""

END_S: Final = 15.0
"""How long a server that runs may take for the answers that are left, and for its end of the connection."""

MOST_WAITING: Final = 200

_CHUNK_BYTES: Final = 65_536


@frozen
class Command:
    """A line for a server. `time` is given for reports, `is_question` tells a WHATSAT."""

    line: bytes
    client: bytes = b""
    time: Decimal | None = None
    is_question: bool = False


@frozen
class Answer:
    """What came back: a record, or None for a refusal."""

    record: Record | None


def iamat(client: bytes, numeral: bytes, position: bytes) -> Command:
    """Return a report."""
    line = b"IAMAT %b %b %b\n" % (client, position, numeral)
    return Command(line, client, Decimal(numeral.decode()))


def whatsat(client: bytes) -> Command:
    """Return the question where a client is, with no places."""
    return Command(b"WHATSAT %b 10 0\n" % client, client, is_question=True)


class Conversation:
    """One connection. `dial` makes it."""

    def __init__(
        self,
        life: Life,
        servers: Servers,
        history: History,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.life = life
        self.is_over = False
        self._servers = servers
        self._history = history
        self._reader, self._writer = streams
        self._waiting: deque[tuple[Command, float, asyncio.Future[Answer | None]]] = deque()
        self._is_finishing = False
        self._listening = asyncio.create_task(self._listen())

    @property
    def is_usable(self) -> bool:
        """Tell whether it is worth while to say more."""
        return not self.is_over and not self._is_finishing and len(self._waiting) < MOST_WAITING

    def say(self, *commands: Command) -> list[asyncio.Future[Answer | None]]:
        """Send commands in one piece; each future tells the answer, None if the connection was lost."""
        now_s, futures = self._history.now(), []
        for command in commands:
            future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
            futures.append(future)
            if self.is_over:
                future.set_result(None)
            else:
                self._waiting.append((command, now_s, future))
        if not self.is_over:
            self._writer.write(b"".join(command.line for command in commands))
        return futures

    def abort(self) -> None:
        """Break off, whatever is left."""
        self._is_finishing = True
        self._waiting.clear()
        self._writer.transport.abort()

    async def finish(self) -> None:
        """Half-close, and see that all is answered before the server closes."""
        self._is_finishing = True
        if not self.is_over:
            with suppress(OSError):
                self._writer.write_eof()
        done, _ = await asyncio.wait([self._listening], timeout=END_S)
        if not done:
            self._complain(f"left {len(self._waiting)} answers owed {END_S:g} s after the client's end")
            self.abort()
            await self._listening

    async def _listen(self) -> None:
        rest = b""
        with suppress(OSError):
            while chunk := await self._reader.read(_CHUNK_BYTES):
                rest = self._take(rest + chunk)
        self.is_over = True
        if not self._servers.is_ending(self.life):
            if self._waiting:
                self._complain(f"closed and owed {len(self._waiting)} answers: {self._waiting[0][0]}")
            elif not self._is_finishing:
                self._complain(f"closed a connection, having sent {rest!r}, with nobody ending it")
        for _, _, future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()
        self._writer.transport.abort()

    def _take(self, data: bytes) -> bytes:
        """Take the answers that are whole; return what is left."""
        while data:
            if not self._waiting:
                self._complain(f"sent what nobody asked for: {data[:200]!r}")
                return b""
            command, since_s, future = self._waiting[0]
            is_refused = data.startswith(b"? ")
            end = b"\n" if is_refused or not command.is_question else b"\n\n"
            text, mark, rest = data.partition(end)
            if not mark:
                break
            self._waiting.popleft()
            answer = Answer(None) if is_refused else Answer(parse_record(text.partition(b"\n")[0]))
            if is_refused:
                self._check_refusal(command, text + mark)
            else:
                self._check(command, answer.record, text)
            if answer.record is not None:
                self._see(command, answer.record, since_s)
            if not future.done():
                future.set_result(answer)
            data = rest
        return data

    def _see(self, command: Command, record: Record, since_s: float) -> None:
        now_s = self._history.now()
        self._history.sightings.append(
            Sighting(self.life, record, since_s, now_s, is_promise=command.time is not None)
        )

    def _check_refusal(self, command: Command, text: bytes) -> None:
        if text != b"? " + command.line:
            self._complain(f"refused {command.line!r} with {text!r}", command.client)

    def _check(self, command: Command, record: Record | None, text: bytes) -> None:
        if record is None or command.client != record.client:
            self._complain(f"answered {command.line!r} with {text[:200]!r}", command.client)
        elif command.time is not None and record.time < command.time:
            self._complain(f"answered {command.line!r} with the older {text!r}", command.client)
        elif command.is_question and not _has_no_places(text.partition(b"\n")[2]):
            self._complain(f"answered {command.line!r} with the places {text!r}", command.client)

    def _complain(self, text: str, *clients: bytes) -> None:
        self._history.breach("answers", f"{self.life} {text}", *clients)


def _has_no_places(text: bytes) -> bool:
    try:
        return bool(json.loads(text)["results"] == [])
    except (ValueError, LookupError, TypeError):
        return False


async def dial(name: str, servers: Servers, history: History) -> Conversation | None:
    """Connect to a server; None if it does not take it, or if it is not certain which life of it did."""
    life = servers.life(name)
    if life is None:
        return None
    address = servers.address(name)
    try:
        async with asyncio.timeout(DIAL_S):
            streams = await asyncio.open_connection(address.host, address.port)
    except (OSError, TimeoutError):
        return None
    if servers.life(name) != life:
        streams[1].transport.abort()
        return None
    history.connections += 1
    return Conversation(life, servers, history, streams)


async def look(name: str, servers: Servers, history: History) -> dict[bytes, Record | None]:
    """Ask a server that is up for every client; None where it shows no record."""
    clients = list(history.reports)
    conversation = await dial(name, servers, history)
    if conversation is None:
        history.breach("answers", f"{name} took no connection while nothing was wrong with it")
        return dict.fromkeys(clients)
    futures = conversation.say(*map(whatsat, clients))
    await asyncio.wait(futures, timeout=PATIENCE_S)
    await conversation.finish()
    answers = [future.result() if future.done() else None for future in futures]
    return {
        client: None if answer is None else answer.record
        for client, answer in zip(clients, answers, strict=True)
    }
