r"""How two neighbors learn who the other is, before anything else may be said on a link.

    dialer   -> HERD <version> <herd> <own name> <neighbor's name> <instance> <nonce>
    acceptor -> HERD <version> <herd> <own name> <neighbor's name> <instance> <nonce>
    dialer   -> PROOF <proof>                                        only where the herd has a secret
    acceptor -> PROOF <proof>                                        likewise

An instance is drawn once by each process, so a neighbor that restarted is told from one that dialed twice. A
proof is HMAC-SHA256 under the herd's secret over the prover's role and both HERD lines. The nonces, fresh for
each connection, make an old one worthless; the role keeps a proof from being sent back to who made it. The
acceptor proves itself last, and says nothing at all to who does not name the herd and a configured neighbor.

The machine takes lines and gives bytes; it knows no socket. Each state's name says what it waits for, and its
transitions are the four methods that `_TRANSITIONS` lists.
"""

from __future__ import annotations

import hmac
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from attrs import frozen

from herd.core.errors import LinkError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

PROTOCOL_VERSION: Final = 1
HANDSHAKE_LINE_BYTES: Final = 1024
"""A HERD line holds three names of at most 64 characters and two numbers."""

_HELLO_FIELDS: Final = 7
_PROOF_FIELDS: Final = 2

Role = Literal["dialer", "acceptor"]


@frozen(kw_only=True)
class Hello:
    """What a HERD line says."""

    version: int
    herd: str
    sender: str
    receiver: str
    instance: str
    nonce: str

    def to_line(self) -> bytes:
        """Return the line, its ending included."""
        words = (self.herd, self.sender, self.receiver, self.instance, self.nonce)
        return f"HERD {self.version} {' '.join(words)}\n".encode()

    @classmethod
    def from_line(cls, line: bytes) -> Hello:
        """Read a line without its ending; a `LinkError` if it is no HERD line."""
        try:
            words = line.decode("utf-8").split(" ")
        except UnicodeDecodeError:
            raise LinkError("the handshake is not text") from None
        if len(words) != _HELLO_FIELDS or words[0] != "HERD" or not all(words):
            raise LinkError("the handshake does not begin with HERD and six words")
        if not (words[1].isascii() and words[1].isdigit()):
            raise LinkError("the handshake's version is no number")
        herd, sender, receiver, instance, nonce = words[2:]
        return cls(
            version=int(words[1]), herd=herd, sender=sender, receiver=receiver, instance=instance, nonce=nonce
        )


class State(Enum):
    """What a handshake waits for."""

    HELLO = "a hello"
    PROOF = "a proof"
    DONE = "nothing more"
    FAILED = "nothing ever again"


@frozen(kw_only=True)
class Identity:
    """Who this server is on its links."""

    herd: str
    name: str
    instance: str
    secret: bytes | None = None

    def __repr__(self) -> str:
        return f"<Identity {self.name} of {self.herd}>"


class Handshake:
    """One side of one handshake. `peers` are the neighbors that may be at the other end."""

    def __init__(self, role: Role, identity: Identity, peers: Collection[str], nonce: str) -> None:
        self.role = role
        self.state = State.HELLO
        self.peer: str | None = None
        self.peer_instance: str | None = None
        self._identity = identity
        self._peers = peers
        self._nonce = nonce
        self._own_line = b""
        self._peer_line = b""

    def start(self) -> bytes:
        """Return what to send at once: the dialer speaks first."""
        if self.role == "acceptor":
            return b""
        (peer,) = self._peers
        return self._hello(peer)

    def receive(self, line: bytes) -> bytes:
        """Take a line without its ending and return what to send; a `LinkError` ends the connection."""
        transition = _TRANSITIONS.get((self.role, self.state))
        if transition is None:
            raise LinkError("the handshake is over")
        self.state = State.FAILED  # until the transition has succeeded
        if len(line) > HANDSHAKE_LINE_BYTES:
            raise LinkError(f"sent a handshake line of over {HANDSHAKE_LINE_BYTES} bytes")
        return transition(self, line)

    def dialer_gets_hello(self, line: bytes) -> bytes:
        """Prove who we are, or be done where the herd has no secret."""
        self._accept_hello(line)
        if self._identity.secret is None:
            self.state = State.DONE
            return b""
        self.state = State.PROOF
        return self._proof_line()

    def acceptor_gets_hello(self, line: bytes) -> bytes:
        """Say who we are, and wait for a proof where the herd has a secret."""
        peer = self._accept_hello(line)
        self.state = State.DONE if self._identity.secret is None else State.PROOF
        return self._hello(peer)

    def dialer_gets_proof(self, line: bytes) -> bytes:
        """Be done."""
        self._check_proof(line)
        self.state = State.DONE
        return b""

    def acceptor_gets_proof(self, line: bytes) -> bytes:
        """Prove who we are, and be done."""
        self._check_proof(line)
        self.state = State.DONE
        return self._proof_line()

    def _hello(self, peer: str) -> bytes:
        own = self._identity
        self._own_line = Hello(
            version=PROTOCOL_VERSION,
            herd=own.herd,
            sender=own.name,
            receiver=peer,
            instance=own.instance,
            nonce=self._nonce,
        ).to_line()
        return self._own_line

    def _accept_hello(self, line: bytes) -> str:
        hello = Hello.from_line(line)
        if hello.version != PROTOCOL_VERSION:
            raise LinkError(f"speaks link protocol {hello.version}, this server {PROTOCOL_VERSION}")
        if hello.herd != self._identity.herd:
            raise LinkError(f"is of herd {hello.herd!r}, this server of {self._identity.herd!r}")
        if hello.receiver != self._identity.name:
            raise LinkError(f"looks for {hello.receiver!r}, this server is {self._identity.name!r}")
        if hello.sender not in self._peers:
            raise LinkError(f"says it is {hello.sender!r}, which is not expected here")
        self.peer, self.peer_instance = hello.sender, hello.instance
        self._peer_line = line + b"\n"
        return hello.sender

    def _proof(self, role: Role) -> bytes:
        lines = self._own_line, self._peer_line
        dialer_line, acceptor_line = lines if self.role == "dialer" else lines[::-1]
        message = b"herd link proof\n" + role.encode() + b"\n" + dialer_line + acceptor_line
        return hmac.new(self._identity.secret or b"", message, "sha256").hexdigest().encode()

    def _proof_line(self) -> bytes:
        return b"PROOF " + self._proof(self.role) + b"\n"

    def _check_proof(self, line: bytes) -> None:
        expected = self._proof("acceptor" if self.role == "dialer" else "dialer")
        words = line.split(b" ")
        if len(words) != _PROOF_FIELDS or words[0] != b"PROOF" or not hmac.compare_digest(words[1], expected):
            raise LinkError(f"did not prove that it is {self.peer}: the secrets differ")


_TRANSITIONS: Final[dict[tuple[Role, State], Callable[[Handshake, bytes], bytes]]] = {
    ("dialer", State.HELLO): Handshake.dialer_gets_hello,
    ("dialer", State.PROOF): Handshake.dialer_gets_proof,
    ("acceptor", State.HELLO): Handshake.acceptor_gets_hello,
    ("acceptor", State.PROOF): Handshake.acceptor_gets_proof,
}
