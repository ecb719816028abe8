r"""What may come over a link, from neighbors, broken neighbors and strangers: a grammar and its mutations.

A script is one connection. Some of its lines can only be known while it is held; they stand there in words:

    <proof> <wrong-role> <old-proof>    in a line: a right proof, the other side's, the last connection's
    <nonce> <sent>                      in a line: the server's nonce, and how many records it has sent
    <walk>                              what an honest neighbor says next in a reconciliation
    <report>                            a client reports to the server
    <wait 3>                            so many seconds pass
    <reconcile>                         the server's operator has it compare caches
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen
from fuzzing.inputs import DEGREES, TIMES, Script
from fuzzing.link_protocol import (
    CLIENT_ID_BYTES,
    CLIENTS,
    HANDSHAKE_LINE_BYTES,
    HERD,
    LINK_LINE_BYTES,
    SERVER,
    Role,
    hello,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


STAGES: Final = ("before hello", "after hello", "proof", "up", "reconciliation")
PEER: Final = "Ball"
OTHER: Final = "Hamilton"

_IDS: Final = (
    *(b"kiwi", b"k", b"\xff\xfe", b"\x00", b"AT", b"PING", "é".encode() * 50, b"x" * CLIENT_ID_BYTES),
    *(b"x" * (CLIENT_ID_BYTES + 1), b"\x1b[31m", b"\xc2\x85"),
    *CLIENTS,
)
_ORIGINS: Final = (b"Alford", b"Ball", b"Welsh", b"Mallory", b"\xff", "Å".encode())
_DIFFERENCES: Final = (
    *(b"+0.263873386", b"-0.000000001", b"+0.000000000", b"-99999999999.999999999", b"+99999999.000000000"),
    *(b"0.1", b"+1", b"+1.23", b"nan", b"+1.0000000000", b"--1.000000000", b"+.000000000", b""),
)
_NAMES: Final = (PEER, OTHER, SERVER, "Mallory", "ball", "Ball\x00", "")
_HERDS: Final = (HERD, HERD, "others", "")
_VERSIONS: Final = ("1", "1", "01", "2", "-1", "1.0", "x", "9" * 900, "")
_COUNTS: Final = (b"0", b"1", b"7", b"1000", b"9" * 18, b"9" * 19, b"-1", b"x", b"")
_WAITS: Final = (b"0", b"0", b"1", b"3", b"6", b"9")
_PROOFS: Final = (
    *(b"PROOF <proof>\n", b"PROOF <proof> \n", b"PROOF  <proof>\n", b"proof <proof>\n"),
    *(b"PROOF <wrong-role>\n", b"PROOF <old-proof>\n", b"PROOF <nonce>\n", b"PROOF\n"),
)
_LONGEST_LINES: Final = 40
_UP: Final = STAGES.index("up")
_RECONCILIATION: Final = STAGES.index("reconciliation")


@frozen
class LinkScript(Script):
    """One connection of a link."""

    role: Role = "acceptor"
    """What the server is: it dialed, or was dialed."""
    stage: str = ""
    """How far the handshake is right."""
    is_clean: bool = False
    """Whether nothing is wrong at all."""


class LinkInputs:
    """Draws connections."""

    def __init__(self, source: random.Random) -> None:
        self._source = source

    def script(self) -> LinkScript:
        """Draw a connection; some are right from beginning to end, some soon go wrong."""
        source = self._source
        role: Role = source.choice(("acceptor", "acceptor", "dialer"))
        stage = source.choices(range(len(STAGES)), (1, 1, 1, 4, 5))[0]
        honest = [self._honest_hello(), b"PROOF <proof>\n", b"<walk>\n"]
        lines = honest[: min(stage, 2)]
        if stage >= _RECONCILIATION:
            lines += honest[2:] * source.randint(0, 4)
        dirt = source.choice((0.0, 0.02, 0.1, 1.0)) if stage >= _UP else 1.0
        draw = (
            self._step
            if stage >= _RECONCILIATION
            else self._link_line
            if stage >= _UP
            else self._handshake_line
        )
        for _ in range(source.randint(1, _LONGEST_LINES)):
            lines.append(self._line(draw) if self._chance(dirt) else self._valid_line())
        return LinkScript(
            tuple(lines), source.getrandbits(32), self._chance(0.5), role, STAGES[stage], is_clean=not dirt
        )

    def _chance(self, share: float) -> bool:
        return self._source.random() < share

    def _line(self, draw: Callable[[], bytes]) -> bytes:
        """Draw a line of a stage, sometimes of another, sometimes mutated."""
        source = self._source
        if self._chance(0.25):
            draw = source.choice((self._handshake_line, self._link_line, self._step, self._garbage))
        line = draw()
        if self._chance(0.15):
            for _ in range(source.randint(1, 3)):
                line = self._mutated(line)
        return line

    def _valid_line(self) -> bytes:
        """Draw what a healthy link brings."""
        source = self._source
        return source.choices(
            (
                self._valid_at(),
                b"PING %d\n" % source.randrange(100),
                b"PONG <sent>\n",
                b"<walk>\n",
                b"<report>\n",
                b"<wait 1>\n",
                b"<reconcile>\n",
            ),
            (20, 3, 3, 5, 3, 1, 1),
        )[0]

    def _honest_hello(self) -> bytes:
        source = self._source
        return (
            hello(PEER, SERVER, f"{source.getrandbits(128):032x}", f"{source.getrandbits(128):032x}") + b"\n"
        )

    def _handshake_line(self) -> bytes:
        source = self._source
        draw = source.choice(
            (
                self._honest_hello,
                self._hello,
                self._hello,
                lambda: b"PROOF %064x\n" % source.getrandbits(256),
                lambda: b"HERD 1 %b\n" % (b"x" * (HANDSHAKE_LINE_BYTES + source.randint(-9, -4))),
                lambda: source.choice(_PROOFS),
                lambda: source.choice(_PROOFS),
                lambda: source.choice((b"<wait 3>\n", b"<wait 6>\n", b"\n", b"HERD\n")),
                self._at,
                self._run,
                self._run,
                self._step,
            )
        )
        return draw()

    def _run(self) -> bytes:
        """Draw some records as a neighbor would send them."""
        return b"".join(self._valid_at() for _ in range(self._source.randint(1, 20)))

    def _hello(self) -> bytes:
        """Draw a hello in which something may be wrong."""
        source = self._source
        words = ["HERD", source.choice(_VERSIONS), source.choice(_HERDS), source.choice(_NAMES)]
        words += [source.choice((SERVER, SERVER, *_NAMES)), f"{source.getrandbits(64):x}", "n"]
        if self._chance(0.1):
            words.insert(source.randrange(8), source.choice(("", "\t", "é", "x" * HANDSHAKE_LINE_BYTES)))
        return " ".join(words).encode() + b"\n"

    def _link_line(self) -> bytes:
        source = self._source
        match source.randrange(12):
            case 0:
                return source.choice((b"PING ", b"PONG ", b"ping ")) + source.choice(_COUNTS) + b"\n"
            case 1:
                return source.choice((b"<report>\n", b"<walk>\n", b"<reconcile>\n", b"PONG <sent>\n"))
            case 2:
                return b"<wait %b>\n" % source.choice(_WAITS)
            case 3:
                return self._step()
            case 4 if self._chance(0.2):
                size = LINK_LINE_BYTES + source.randint(-3, 3)
                return (b"AT Ball +0.000000000 k +1+1 " + b"1" * size)[:size] + b"\n"
            case _:
                return self._at()

    def _at(self) -> bytes:
        """Draw a record, well-formed or not."""
        source = self._source
        words = self._valid_at()[:-1].split(b" ")
        words[3] = source.choice(_IDS)
        if self._chance(0.1):
            words[2] = source.choice(_DIFFERENCES)
        if self._chance(0.05):
            words[4] = b"".join(source.choice((b"+", b"-", b"")) + source.choice(DEGREES) for _ in range(2))
        if self._chance(0.3):
            words[5] = source.choice(TIMES)
        return b" ".join(words) + b"\n"

    def _valid_at(self) -> bytes:
        """Draw a record that a healthy neighbor could have."""
        source = self._source
        difference = b"+%d.%09d" % (source.getrandbits(9), source.getrandbits(29))
        position = b"%+.6f%+.6f" % (source.uniform(-90, 90), source.uniform(-180, 180))
        time = b"%d.%d" % (1_699_999_000 + source.getrandbits(9), source.getrandbits(20))
        fields = (source.choice(_ORIGINS), difference, source.choice(CLIENTS), position, time)
        return b"AT %b %b %b %b %b\n" % fields

    def _step(self) -> bytes:
        source = self._source
        path = source.choice(("-", *(f"{source.getrandbits(4 * size):0{size}x}" for size in (1, 2, 3, 4, 5))))
        digests = source.randbytes(8 * source.choice((1, 15, 16, 16, 16, 17, 200, 201))).hex()
        step = source.choice(
            (
                f"ROOT {digests[:16]}",
                f"NODE {path} {digests[:256]}",
                f"NODE {path} {'0' * 256}",
                f"NODE {path} {digests}",
                f"LEAF {path} {digests}",
                f"WANT {path} {digests}",
                f"GIVE {path}",
                "TURN",
                "DONE",
                "<walk>",
                "<walk>",
            )
        )
        begin = f"ROOT {source.getrandbits(64):016x}\n" if self._chance(0.3) else ""
        return f"{begin}{step}\n".encode()

    def _garbage(self) -> bytes:
        source = self._source
        return source.choice(
            (b"\n", b" \n", b"\r\n", source.randbytes(source.randint(1, 200)), b"IAMAT k +1+1 1\n")
        )

    def _mutated(self, line: bytes) -> bytes:
        source = self._source
        at = source.randrange(len(line) + 1)
        end = source.randint(at, len(line))
        other = source.choice((self._at, self._step, self._handshake_line))()
        mutants = (
            line[:at] + bytes(byte ^ 1 << source.randrange(8) for byte in line[at : at + 1]) + line[at + 1 :],
            line[:at],
            line[:at] + source.randbytes(source.randint(1, 4)) + line[at:],
            line[:end] + line[at:end] * source.choice((1, 2, 30)) + line[end:],
            line[:at] + other[source.randrange(len(other)) :],
            line[:at] + source.choice((b"\r", b"\n", b" ", b"\x00", b"\t")) + line[at:],
            line[:at] + b"9" * source.choice((20, 1000)) + line[at:],
        )
        return source.choice(mutants)
