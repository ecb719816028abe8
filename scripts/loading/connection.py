"""One connection of the load generator: a socket, what is due on it, and its conversation."""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from loading.conversation import Conversation
from loading.plan import NS_PER_US

if TYPE_CHECKING:
    from loading.commands import Commands
    from loading.conversation import Tally
    from loading.latencies import Latencies

    from herd.config.model import Address

CONNECT_S: Final = 10.0
READ_BYTES: Final = 65_536
MOST_AT_ONCE: Final = 1000
"""Commands in one block."""


def connect(address: Address) -> socket.socket:
    """Return a socket that is connected and does not block, or raise an `OSError`."""
    connected = socket.create_connection((address.host, address.port), CONNECT_S)
    connected.setblocking(False)  # noqa: FBT003 - the socket's
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


class Connection:
    """A connection. `late`: counts by how much commands are sent late though there is room for them."""

    def __init__(
        self, connected: socket.socket, commands: Commands, pipeline: int, tally: Tally, late: Latencies
    ) -> None:
        self.due_ns: deque[int] = deque()
        """When commands were due that there was no room to send yet."""
        self.is_lost = False
        self.socket = connected
        self._commands = commands
        self._pipeline = pipeline
        self._tally = tally
        self._late = late
        self._conversation = Conversation(tally)
        self._unsent = b""

    @property
    def is_idle(self) -> bool:
        """Tell whether every command has its answer, or can have none any more."""
        return self.is_lost or not self._conversation

    @property
    def wants_to_write(self) -> bool:
        """Tell whether the socket has not taken everything."""
        return bool(self._unsent)

    def fill(self, now_ns: int) -> None:
        """Send as many commands as there is room for."""
        room = self._pipeline - len(self._conversation)
        while room > 0 and not self.is_lost:
            count = min(room, self._commands.at_once, MOST_AT_ONCE)
            self._issue(self._commands.at(now_ns, count))
            room -= count

    def fill_due(self, now_ns: int, *, had_room: bool) -> None:
        """Send as many commands as are due, and there is room for; `had_room`: since they were due."""
        count = min(self._pipeline - len(self._conversation), len(self.due_ns), MOST_AT_ONCE)
        if count <= 0 or self.is_lost:
            return
        dues_ns = [self.due_ns.popleft() for _ in range(count)]
        if had_room:
            self._late.add_all([(now_ns - due_ns) // NS_PER_US for due_ns in dues_ns])
        self._issue(dues_ns)

    def _issue(self, dues_ns: list[int]) -> None:
        block, endings = self._commands.issue(dues_ns)
        self._conversation.sent(dues_ns, endings)
        self._unsent = self._unsent + block if self._unsent else block
        self.write()

    def write(self) -> None:
        """Send what is unsent, as far as the socket takes it."""
        try:
            taken = self.socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        self._unsent = self._unsent[taken:] if taken < len(self._unsent) else b""

    def read(self, now_ns: int) -> None:
        """Take what has come."""
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        if data:
            self._conversation.feed(data, now_ns)
        else:
            self._lose("the server closed it")

    def _lose(self, reason: str) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._unsent = b""
            self._tally.lost += 1
            self._tally.complain(f"a connection was lost: {reason}")

    def give_up(self, now_ns: int) -> int:
        """Send nothing more; return how many commands were due. They have waited at least until now."""
        self._tally.latency.add_all([(now_ns - due_ns) // NS_PER_US for due_ns in self.due_ns])
        count = len(self.due_ns)
        self.due_ns.clear()
        return count

    def close(self) -> None:
        """Close; what is still unanswered stays so."""
        if self._conversation:
            self._tally.complain(f"{len(self._conversation)} commands of a connection have no answer")
        self.socket.close()
