"""What a program may set of a UDP socket: broadcast, the receive buffer, sharing of a port, multicast groups.

A host that is a member of a group hands a datagram for it to every socket that is bound to the port,
whichever of its sockets has joined: that is what Linux does unless told otherwise.
"""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.datagramroutes import is_group
from herd.sim.engine.oserrors import os_error

if TYPE_CHECKING:
    from herd.sim.engine.datagrams import DatagramSocket
    from herd.sim.engine.host import Host

_DEFAULT_BUFFER: Final = 212_992
"""Linux's `net.core.rmem_default`: 208 KiB."""
_SMALLEST_BUFFER: Final = 2_304
_LARGEST_BUFFER: Final = 2 * 212_992
_GROUP_BYTES: Final = 4
_BROADCAST: Final = (socket.SOL_SOCKET, socket.SO_BROADCAST)
_BUFFER: Final = (socket.SOL_SOCKET, socket.SO_RCVBUF)
_SHARE: Final = (socket.SOL_SOCKET, socket.SO_REUSEADDR)
_JOIN: Final = (socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP)
_LEAVE: Final = (socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP)
_LOOP: Final = (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP)
_TTL: Final = (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL)
_INTERFACE: Final = (socket.IPPROTO_IP, socket.IP_MULTICAST_IF)
_DEFAULTS: Final[dict[tuple[int, int], Any]] = {_LOOP: 1, _TTL: 1, _INTERFACE: b"\0\0\0\0"}


class DatagramOptions:
    """The options of one socket. Those that mean nothing here are kept."""

    __slots__ = ("_groups", "_socket", "_values", "buffer_limit", "may_broadcast", "may_share")

    def __init__(self, of: DatagramSocket) -> None:
        self._socket = of
        self.may_broadcast = False
        self.may_share = False
        """Whether others may be bound to its port too, if they say so as well."""
        self.buffer_limit = _DEFAULT_BUFFER
        """How many bytes of memory what it has not read may take."""
        self._values: dict[tuple[int, int], Any] | None = None
        self._groups: dict[str, None] | None = None

    def set(self, level: int, option: int, value: Any) -> None:
        """Set an option."""
        key = (level, option)
        if key == _BROADCAST:
            self.may_broadcast = bool(value)
        elif key == _SHARE:
            self.may_share = bool(value)
        elif key == _BUFFER:
            self.buffer_limit = min(max(2 * value, _SMALLEST_BUFFER), _LARGEST_BUFFER)
        elif key == _JOIN:
            self._join(socket.inet_ntoa(value[:_GROUP_BYTES]))
        elif key == _LEAVE:
            self._leave(socket.inet_ntoa(value[:_GROUP_BYTES]))
        else:
            if self._values is None:
                self._values = {}
            self._values[key] = value[0] if key == _TTL and isinstance(value, bytes) else value

    def get(self, level: int, option: int) -> Any:
        """Return an option."""
        key = (level, option)
        if key == _BROADCAST:
            return int(self.may_broadcast)
        if key == _SHARE:
            return int(self.may_share)
        if key == _BUFFER:
            return self.buffer_limit
        return (self._values or {}).get(key, _DEFAULTS.get(key, 0))

    # Groups.

    def _join(self, group: str) -> None:
        if not is_group(group):
            raise os_error(errno.EINVAL)
        if self._groups is None:
            self._groups = {}
        if group in self._groups:
            raise os_error(errno.EADDRINUSE)
        self._groups[group] = None
        self._socket.simulation.network.groups.setdefault(group, {})[self._socket] = None

    def _leave(self, group: str) -> None:
        if self._groups is None or group not in self._groups:
            raise os_error(errno.EADDRNOTAVAIL)
        del self._groups[group]
        members = self._socket.simulation.network.groups[group]
        del members[self._socket]

    def leave_all(self) -> None:
        """Leave all groups."""
        for group in list(self._groups or ()):
            self._leave(group)

    def hosts_of_group(self, group: str) -> list[Host]:
        """Return the hosts that a datagram to a group reaches from here, in the order of their joining."""
        own = self._socket.host
        members = self._socket.simulation.network.groups.get(group, {})
        hosts = dict.fromkeys(each.host for each in members)
        if not self.get(*_LOOP):
            hosts.pop(own, None)
        if not self.get(*_TTL):
            return [host for host in hosts if host is own]
        return list(hosts)
