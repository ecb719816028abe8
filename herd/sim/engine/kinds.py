"""What an event of a trace is."""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Final

NOBODY: Final = 0xFFFFFFFF
"""The host or peer of an event that has none."""


@unique
class Kind(IntEnum):
    """What an event is. The numbers are in files: a new kind takes the next number, none is used again."""

    HOST = 1
    """A host is made; data: its name and address."""
    START = 2
    """A program starts; data: its name."""
    EXIT = 3
    """A program ends; size: its exit code."""
    TIMER = 4
    """A delayed call runs; data: the function's name."""
    CONNECT = 5
    """A client's connection attempt leaves host for peer; flow: the new connection."""
    CONNECTED = 6
    """The connection stands, at the client."""
    ACCEPT = 7
    """The connection stands, at the server."""
    REFUSED = 8
    """The attempt was refused, at the client."""
    TIMED_OUT = 9
    """The attempt was never answered, at the client."""
    SEND = 10
    """A segment leaves host for peer; size: its bytes."""
    DELIVER = 11
    """Bytes of the peer reach the program at host."""
    LOST = 12
    """A segment from host to peer that will be sent again."""
    FIN = 13
    """The host closes its direction of the connection."""
    RESET = 14
    """The host sends a reset."""
    GONE = 15
    """The program at host learns that the connection is lost; data: the class of the reason."""
    DATAGRAM = 16
    """A datagram leaves host for peer; flow: its number."""
    DATAGRAM_IN = 17
    """A datagram, or a copy of it, reaches the program at host."""
    DATAGRAM_LOST = 18
    """A datagram, or a copy of it, from host to peer that arrives nowhere."""
    FAULT = 19
    """Something is broken on purpose; data: what."""
    HEAL = 20
    """A fault ends; data: which."""
    NOTE = 21
    """A line of a program's log."""
    STEP = 22
    """A step of the workload; data: which."""
    THREAD = 23
    """Work that a program gave to a thread; data: the function's name."""
    RESOLVE = 24
    """A name is looked up; data: the name."""


# A plain number is faster to reach and to pack than a member of an enumeration.
HOST: Final = int(Kind.HOST)
START: Final = int(Kind.START)
EXIT: Final = int(Kind.EXIT)
TIMER: Final = int(Kind.TIMER)
CONNECT: Final = int(Kind.CONNECT)
CONNECTED: Final = int(Kind.CONNECTED)
ACCEPT: Final = int(Kind.ACCEPT)
REFUSED: Final = int(Kind.REFUSED)
TIMED_OUT: Final = int(Kind.TIMED_OUT)
SEND: Final = int(Kind.SEND)
DELIVER: Final = int(Kind.DELIVER)
LOST: Final = int(Kind.LOST)
FIN: Final = int(Kind.FIN)
RESET: Final = int(Kind.RESET)
GONE: Final = int(Kind.GONE)
DATAGRAM: Final = int(Kind.DATAGRAM)
DATAGRAM_IN: Final = int(Kind.DATAGRAM_IN)
DATAGRAM_LOST: Final = int(Kind.DATAGRAM_LOST)
FAULT: Final = int(Kind.FAULT)
HEAL: Final = int(Kind.HEAL)
NOTE: Final = int(Kind.NOTE)
STEP: Final = int(Kind.STEP)
THREAD: Final = int(Kind.THREAD)
RESOLVE: Final = int(Kind.RESOLVE)
