"""Addresses of connections, as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address, IPv6Address

from herd.config.model import Address

if TYPE_CHECKING:
    from twisted.internet.interfaces import IAddress


def address_text(address: IAddress | None) -> str:
    """Return host:port for a TCP address (IPv6 in brackets), and the bare kind of any other."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return str(Address(address.host, address.port))
    return "local"
