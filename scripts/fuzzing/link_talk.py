"""One script held with a server, compared after each chunk that the server gets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from fuzzing.link_inputs import PEER
from fuzzing.link_protocol import LIFETIME_S, is_step
from fuzzing.link_walk import HonestNeighbor
from fuzzing.oracle import Wrong

if TYPE_CHECKING:
    import random
    import weakref

    from fuzzing.link_inputs import LinkScript
    from fuzzing.link_server import LinkServer

_TOKEN: Final = re.compile(rb"<(proof|wrong-role|old-proof|nonce|sent)>")
_CONTROL: Final = re.compile(rb"<(walk|report|reconcile|wait ([0-9]{1,2}))>\n")
MOST_TURNS: Final = 20
"""Of the walk's two sides together; the tree has four levels."""

_LINE: Final = re.compile(rb"[^\n]*\n|[^\n]+")
_PIECES: Final = (1, 2, 10, 10, 10)
"""How often pieces are so small: single bytes cost the most time and show the least."""
_SMALL_BUFFER: Final = 200


class Talk:
    """The connection is made at once; `hold` goes through the script."""

    def __init__(self, server: LinkServer, script: LinkScript, source: random.Random) -> None:
        self._server = server
        self._script = script
        self._source = source
        self.said = 0
        """Lines of the script that were said before the connection was over."""
        self._walk: HonestNeighbor | None = None
        if script.is_clean:
            self._walk = self._honest()
        self._heard: list[bytes] = []
        self._seen = 0
        self._pending = self._half = b""
        if script.role == "dialer":
            end = server.be_dialed()
        else:
            end = server.accept(buffer_bytes=source.choice((_SMALL_BUFFER, 65_536)))
        self._expected, self._transport, self._connection = end

    def hold(self) -> weakref.ref[Any]:
        """Say everything, then end; return what should be gone by then."""
        self._settle()
        for line in self._script.lines:
            self._say(line)
            self.said += 1
            if self._is_over:
                break
        self._flush()
        self._settle()
        if self._script.is_clean and self._expected.is_up:
            self._agree()
        if self._transport.is_connected:
            (self._transport.receive_end if self._script.ends else self._transport.lose)()
        self._server.clock.turns()
        if self._transport.is_connected:
            raise Wrong("the connection is still there after its end")
        if self._expected.is_up:
            self._server.old_proof = self._expected.proof(right=True)
        return self._connection

    @property
    def _is_over(self) -> bool:
        return not self._transport.is_connected or self._transport.was_aborted

    def _say(self, line: bytes) -> None:
        control = _CONTROL.fullmatch(line)
        if control is not None:
            self._flush()
            self._settle()
            if not self._is_over:
                self._do(control)
                self._settle()
        elif _TOKEN.search(line):
            self._flush()
            self._settle()
            self._pending = _TOKEN.sub(self._value, line)
            self._flush()
            self._settle()
        else:
            self._pending += line

    def _do(self, control: re.Match[bytes]) -> None:
        match control[1]:
            case b"walk":
                self._walk_on()
            case b"report":
                self._server.report()
            case b"reconcile":
                self._server.neighbors.reconcile([self._expected.peer or PEER])
            case _:
                for _ in range(int(control[2])):
                    self._server.pass_time(1.0)
                    self._compare()

    def _honest(self) -> HonestNeighbor:
        return HonestNeighbor(PEER, self._source, self._server.now_ns, LIFETIME_S)

    def _walk_on(self) -> None:
        """Say what an honest neighbor says now."""
        self._walk = self._walk or self._honest()
        self._hear(self._walk)
        self._pending = b"".join(line + b"\n" for line in self._walk.say())
        self._flush()
        self._settle()

    def _hear(self, walk: HonestNeighbor) -> None:
        heard, self._heard = self._heard, []
        walk.hear(heard, self._server.now_ns)

    def _agree(self) -> None:
        """End the walk that may be under way, then hold a whole one: after that both sides have the same."""
        assert self._walk is not None
        self._hear(self._walk)
        if self._walk.is_walking:
            self._walk_to_end(self._walk)
        self._walk_on()
        self._walk_to_end(self._walk)
        self._server.check_agreement(self._walk.records)

    def _walk_to_end(self, walk: HonestNeighbor) -> None:
        self._hear(walk)
        for _ in range(MOST_TURNS):
            if not walk.is_walking:
                return
            self._walk_on()
            self._hear(walk)
        raise Wrong(f"a reconciliation was not over after {MOST_TURNS} turns")

    def _value(self, token: re.Match[bytes]) -> bytes:
        match token[1]:
            case b"nonce":
                return self._expected.nonce
            case b"sent":
                return b"%d" % self._expected.sent
            case b"old-proof":
                return self._server.old_proof
            case name:
                return self._expected.proof(right=name == b"proof")

    def _flush(self) -> None:
        """Send what is pending: each message of reconciliation by itself, all else in any pieces."""
        data, self._pending = self._pending, b""
        beginning, others = self._expected.rest, b""
        for line in _LINE.findall(data):
            if self._expected.is_up and is_step((beginning + line).removesuffix(b"\n")):
                for part in (others, line):
                    self._send(part)
                    self._settle()
                others = b""
            else:
                others += line
            beginning = b""
        self._send(others)

    def _send(self, data: bytes) -> None:
        (most,) = self._source.choices((1, 7, 100, 1500, len(data) or 1), _PIECES)
        at = 0
        while at < len(data) and not self._is_over:
            self._compare()
            piece = data[at : at + self._source.randint(1, most)]
            at += len(piece)
            if self._walk is not None:
                *lines, self._half = (self._half + piece).split(b"\n")
                self._walk.hold(lines, self._server.now_ns)
            self._expected.get(piece, self._server.clock.seconds(), self._server.now_ns)
            self._transport.receive(piece)
            self._compare()
            self._meddle()

    def _meddle(self) -> None:
        """Let the far end stop reading or read on, and a turn pass or not."""
        chance = self._source.randrange(8)
        if chance == 0:
            self._transport.stall()
        elif chance <= 2:  # noqa: PLR2004 - a quarter
            self._transport.drain()
        elif chance <= 5:  # noqa: PLR2004 - more than a third
            self._server.clock.advance(0)

    def _settle(self) -> None:
        """Let everything happen that needs no time."""
        self._transport.drain()
        self._server.clock.turns()
        self._compare()
        if self._expected.owes_pong and not self._is_over:
            raise Wrong("a PING was not answered")
        self._heard += self._transport.take().split(b"\n")

    def _compare(self) -> None:
        writes = self._transport.writes
        new, self._seen = b"".join(writes[self._seen :]), len(writes)
        self._expected.send(new)
        self._expected.check(is_over=self._is_over, now_s=self._server.clock.seconds())
