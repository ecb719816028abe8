"""What a test of a herd needs and a user of herd may use too: a herd in one process, its clients, fakes.

The fakes stand only where no real part can: for places that take their time (`HeldPlaces`), for a socket and
its other side (`MemoryTransport`, `MemoryNetwork`), for the death of a process (`MortalReactor`).
"""

from herd.testing.checksums import CHECKSUM, ids_of_one_checksum
from herd.testing.client import Client, connect, connect_unix
from herd.testing.clock import TurningClock
from herd.testing.herd import LocalHerd, LocalServer, ReservedPorts, SimulatedPorts, local_config, start_herd
from herd.testing.mortal import MortalReactor
from herd.testing.network import MemoryNetwork
from herd.testing.places import HeldPlaces, answer_of
from herd.testing.transport import MemoryTransport

__all__ = [
    "CHECKSUM",
    "Client",
    "HeldPlaces",
    "LocalHerd",
    "LocalServer",
    "MemoryNetwork",
    "MemoryTransport",
    "MortalReactor",
    "ReservedPorts",
    "SimulatedPorts",
    "TurningClock",
    "answer_of",
    "connect",
    "connect_unix",
    "ids_of_one_checksum",
    "local_config",
    "start_herd",
]
