"""Clients of a herd: plain Twisted programs that say what they are told to, and write down what they see.

A client knows a reactor and how to dial one server; it does not know whether these are simulated. Whatever it
says, lines or not, the record has one operation for each line that it completed, begun as the line's last
byte was written; and one for a last line without an ending, where it closed its side in order. So hostile
bytes that happen to be a valid report are known to be one.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import frozen
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone

from herd.core.framing import AnswerParser
from herd.server.backoff import Backoff
from herd.sim.herds.answering import is_limit

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IStreamClientEndpoint
    from twisted.internet.tcp import Connection
    from twisted.python.failure import Failure

    from herd.sim.herds.history import Ending, History

Leaving: TypeAlias = Literal["stays", "closes", "half-closes", "aborts"]
"""What a client does when all is said: it stays; or waits for the answers and closes; or ends its side at
once and waits for the server to close; or breaks off."""

REDIAL_MIN_S = 0.1
REDIAL_MAX_S = 5.0
"""How soon and how seldom a client dials again: people and programs wait no longer for an answer."""


@frozen
class Say:
    """Something to be said `at_s` seconds after the client's start, in one write."""

    at_s: float
    data: bytes


class Conversation(Protocol):
    """One connection of a client."""

    transport: Connection

    def __init__(self, client: Client) -> None:
        self.unanswered: deque[tuple[int, bytes]] = deque()
        """Operations that wait for their answers, with their commands."""
        self._client = client
        self._parser = AnswerParser()
        self._line = b""
        self._session = -1
        self._is_leaving = False

    def connectionMade(self) -> None:
        """Begin."""
        client = self._client
        self._session = client.history.open(client.name, client.server)
        self.transport.setTcpNoDelay(True)
        client.connected(self)

    def say(self, data: bytes) -> None:
        """Write something, and note the commands that it completes."""
        if self._is_leaving:
            return
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            self._note(line + b"\n")
        self.transport.write(data)

    def leave(self, leaving: Leaving) -> None:
        """End this side; a last line with no ending is a command, if the server gets to know of the end."""
        if leaving == "stays" or self._is_leaving:
            return
        self._is_leaving = leaving != "half-closes"
        if leaving == "aborts":
            self.transport.abortConnection()
            return
        if self._line:
            self._note(self._line)
            self._line = b""
        if leaving == "closes":
            self.transport.loseConnection()
        else:
            self.transport.loseWriteConnection()

    def dataReceived(self, data: bytes) -> None:
        """Match answers with commands."""
        for answer in self._parser.feed(data):
            operation, _ = self.unanswered.popleft()
            self._client.history.answer(operation, answer)
        if not self.unanswered:
            self._client.all_answered()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note how it ended."""
        ending: Ending = (
            "client" if self._is_leaving else "server" if reason.check(ConnectionDone) else "lost"
        )
        rest = self._parser.rest
        # A command may have left when the server had said already that it closes the connection.
        unasked = rest if not self.unanswered or is_limit(rest) else b""
        self._client.history.close(self._session, ending, unasked)
        self._client.disconnected(self)

    def _note(self, command: bytes) -> None:
        self._parser.expect(command)
        self.unanswered.append((self._client.history.begin(self._session, command), command))


class Client:
    """A program that talks to one server, over one connection at a time."""

    def __init__(  # noqa: PLR0913 - what a client is
        self,
        reactor: Any,
        endpoint: IStreamClientEndpoint,
        history: History,
        *,
        name: str,
        server: str,
        plan: Sequence[Say],
        leaving: Leaving = "stays",
        redials: random.Random | None = None,
        repeats: bool = False,
    ) -> None:
        """`redials` draws the waits before it dials again; with None it gives up when its connection is lost.

        With `repeats` it says again what was not answered on a connection that was lost.
        """
        self.history = history
        self.name = name
        self.server = server
        self._reactor = reactor
        self._endpoint = endpoint
        self._plan = tuple(plan)
        self._leaving: Leaving = leaving
        self._backoff = None if redials is None else Backoff(REDIAL_MIN_S, REDIAL_MAX_S, redials)
        self._repeats = repeats
        self._unsaid = len(self._plan)
        self._due: deque[bytes] = deque()
        self._conversation: Conversation | None = None
        self._is_over = False
        self._timers: list[Any] = []
        self._dialing: Deferred[Any] | None = None

    @property
    def is_connected(self) -> bool:
        """Tell whether there is a connection."""
        return self._conversation is not None

    @property
    def is_waiting(self) -> bool:
        """Tell whether something is to be said yet, or an answer may come on the connection that there is."""
        conversation = self._conversation
        return bool(self._unsaid or self._due or (conversation is not None and conversation.unanswered))

    def start(self) -> None:
        """Dial, and begin with the plan."""
        self._dial()
        self._timers = [self._reactor.callLater(each.at_s, self._say, each.data) for each in self._plan]

    def say(self, data: bytes) -> None:
        """Say something besides the plan, now or as soon as there is a connection."""
        if self._conversation is None:
            self._due.append(data)
        else:
            self._conversation.say(data)

    def stop(self) -> None:
        """Break off, and say nothing more."""
        self._is_over = True
        for timer in self._timers:
            if timer.active():
                timer.cancel()
        if self._dialing is not None:
            self._dialing.cancel()
        if self._conversation is not None:
            self._conversation.leave("aborts")

    def connected(self, conversation: Conversation) -> None:
        """Take a connection that is made, and say all that is due."""
        self._conversation = conversation
        if self._is_over:
            conversation.leave("aborts")
            return
        due, self._due = self._due, deque()
        for data in due:
            conversation.say(data)
        self._leave_if_done()

    def all_answered(self) -> None:
        """Learn that nothing waits for an answer."""
        if self._backoff is not None:
            self._backoff.reset()
        if self._leaving == "closes":
            self._leave_if_done()

    def disconnected(self, conversation: Conversation) -> None:
        """Learn that a connection is over."""
        self._conversation = None
        if self._repeats:
            self._due.extendleft(command for _, command in reversed(conversation.unanswered))
        if self._unsaid or self._due or self._leaving == "stays":
            self._dial_again()

    def _dial(self) -> None:
        if not self._is_over:
            factory = Factory.forProtocol(lambda: Conversation(self))
            factory.noisy = False
            self._dialing = self._endpoint.connect(factory)
            self._dialing.addErrback(lambda _: self._dial_again())

    def _dial_again(self) -> None:
        if self._backoff is not None and not self._is_over:
            self._timers.append(self._reactor.callLater(self._backoff.next_s(), self._dial))

    def _say(self, data: bytes) -> None:
        self._unsaid -= 1
        self.say(data)
        self._leave_if_done()

    def _leave_if_done(self) -> None:
        conversation = self._conversation
        if conversation is None or self._unsaid or self._due:
            return
        if self._leaving != "closes" or not conversation.unanswered:
            conversation.leave(self._leaving)
