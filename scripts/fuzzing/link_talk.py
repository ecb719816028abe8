"""One script held with a server, compared after each chunk that the server gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fuzzing.link_inputs import PEER
from fuzzing.link_protocol import parse_record
from fuzzing.link_walk import HonestNeighbor
from fuzzing.oracle import Wrong

if TYPE_CHECKING:
    import random
    import weakref

    from fuzzing.link_inputs import LinkScript
    from fuzzing.link_oracle import Expectation
    from fuzzing.link_server import LinkServer

    from herd.testing import MemoryTransport

_TOKEN: Final = re.compile(rb"<(proof|wrong-role|old-proof|nonce)>")
_CONTROL: Final = re.compile(rb"<(walk|report|reconcile|wait ([0-9]{1,2}))>\n")
_OFTEN: Final = 0.3


class Talk:
    """The connection is made at once; `hold` goes through the script."""

    def __init__(self, server: LinkServer, script: LinkScript, source: random.Random) -> None:
        self._server = server
        self._script = script
        self._source = source
        self._connection: weakref.ref[Any]
        self.expected: Expectation
        self._transport: MemoryTransport
        small = source.choice((200, 65_536))
        self.expected, self._transport, self._connection = (
            server.be_dialed() if script.role == "dialer" else server.accept(small)
        )
        self._walk = HonestNeighbor(PEER, source, server.now_ns)
        self._seen = 0
        self._pending = b""

    def hold(self) -> weakref.ref[Any]:
        """Say everything, then end; return what should be gone by then."""
        self._settle()
        for line in self._script.lines:
            self._say(line)
            if self._is_over:
                break
        self._flush()
        self._transport.drain()
        self._settle()
        if self._transport.is_connected:
            (self._transport.receive_end if self._script.ends else self._transport.lose)()
        self._server.clock.turns()
        if self._transport.is_connected:
            raise Wrong("the connection is still there after its end")
        if self.expected.is_up:
            self._server.old_proof = self.expected.proof(right=True)
        return self._connection

    @property
    def _is_over(self) -> bool:
        return not self._transport.is_connected or self._transport.was_aborted

    def _say(self, line: bytes) -> None:
        control = _CONTROL.fullmatch(line)
        if control is None:
            if _TOKEN.search(line):
                self._flush()
                self._settle()
                line = _TOKEN.sub(self._value, line)
            self._pending += line
            return
        self._flush()
        self._settle()
        if self._is_over:
            return
        match control[1]:
            case b"walk":
                self._pending += b"".join(each + b"\n" for each in self._walk.say())
                self._flush()
            case b"report":
                self._server.report()
            case b"reconcile":
                self._server.neighbors.reconcile([self.expected.peer or PEER])
            case _:
                for _ in range(int(control[2])):
                    self._server.pass_time(1.0)
                    self._compare()
        self._settle()

    def _value(self, match: re.Match[bytes]) -> bytes:
        expected = self.expected
        match match[1]:
            case b"nonce":
                return expected.nonce
            case b"old-proof":
                return self._server.old_proof
            case name:
                return expected.proof(right=name == b"proof")

    def _flush(self) -> None:
        """Send what is pending: each message of reconciliation by itself, the rest in any pieces."""
        data, self._pending = self._pending, b""
        others = b""
        for line in data.splitlines(keepends=True) if False else _lines(data):
            if others or not self.expected.completes_step(line):
                others += line
                continue
            others += line
        for piece in self._pieces(others):
            self._send(piece)

    def _pieces(self, data: bytes) -> list[bytes]:
        most = self._source.choice((1, 7, 100, 1500, len(data) or 1))
        pieces, at = [], 0
        while at < len(data):
            end = at + self._source.randint(1, most)
            pieces.append(data[at:end])
            at = end
        return pieces

    def _send(self, piece: bytes) -> None:
        if self._is_over:
            return
        self.expected.get(piece, self._server.clock.seconds(), self._server.now_ns)
        self._transport.receive(piece)
        self._compare()


def _lines(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", data)


__all__ = ["Talk", "parse_record", "_OFTEN"]
