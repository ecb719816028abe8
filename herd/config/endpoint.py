"""Endpoints as a file writes them: `"tcp:HOST:PORT"`, or where to listen and where to dial apart.

    clients = "tcp:127.0.0.1:12480"
    links = { listen = "tcp:0.0.0.0:12580", dial = "tcp:alford.example.org:12580" }

Nobody can dial a wildcard, so the string `"tcp:0.0.0.0:12480"` is dialed at 127.0.0.1 (`[::]` at `[::1]`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, Final

from herd.config.model import Address, Endpoint
from herd.config.problem import DocumentPath, did_you_mean, show_string

SCHEMES: Final = ("tcp",)
MAX_PORT: Final = 65535

_NUMBERS: Final = re.compile(r"[0-9.]+")
_HOST_NAME: Final = re.compile(r"[\w.-]+")
_EXAMPLE: Final = "tcp:127.0.0.1:12480"


class FaultsError(ValueError):
    """A value that is wrong in one or several places: pairs of a path below the value, and a message."""

    def __init__(self, faults: list[tuple[DocumentPath, str]]) -> None:
        super().__init__("; ".join(message for _, message in faults))
        self.faults = faults


def is_wildcard(host: str) -> bool:
    """Tell whether listening on `host` means every interface."""
    address = _ip(host)
    return address is not None and address.is_unspecified


def is_loopback(host: str) -> bool:
    """Tell whether `host` can be reached from this machine only."""
    address = _ip(host)
    return host.casefold() == "localhost" if address is None else address.is_loopback


def endpoint_from_address(listen: Address) -> Endpoint:
    """Return the endpoint that a single address means: dialed where it listens, a wildcard on loopback."""
    if not is_wildcard(listen.host):
        return Endpoint(listen=listen, dial=listen)
    return Endpoint(listen=listen, dial=Address("::1" if ":" in listen.host else "127.0.0.1", listen.port))


def parse_endpoint(value: Any) -> Endpoint:
    """Read an endpoint, a string or a table; a `FaultsError` says all that is wrong with it."""
    if isinstance(value, str):
        return endpoint_from_address(_address(value, ()))
    if isinstance(value, Mapping):
        return _from_table(value)
    raise FaultsError([((), f'must be "{_EXAMPLE}" or a table {{ listen = "...", dial = "..." }}')])


def _from_table(table: Mapping[str, Any]) -> Endpoint:
    keys = ("listen", "dial")
    faults: list[tuple[DocumentPath, str]] = [
        ((key,), f"unknown key{did_you_mean(key, keys, '; known here: listen, dial')}")
        for key in table
        if key not in keys
    ]
    addresses: dict[str, Address] = {}
    for key in keys:
        if key in table:
            try:
                addresses[key] = _address(table[key], (key,))
            except FaultsError as error:
                faults += error.faults
    if "listen" not in table:
        faults.append(((), f'listen is missing, such as listen = "{_EXAMPLE}"'))
    if "dial" in addresses and is_wildcard(addresses["dial"].host):
        host = addresses["dial"].host
        faults.append(
            (("dial",), f"nobody can dial {host}: name the host or address that others reach it at")
        )
    if faults:
        raise FaultsError(faults)
    given = endpoint_from_address(addresses["listen"])
    return Endpoint(listen=given.listen, dial=addresses.get("dial", given.dial))


def _address(value: Any, path: DocumentPath) -> Address:
    """Read `tcp:HOST:PORT`."""
    if not isinstance(value, str):
        raise FaultsError([(path, f'must be a string such as "{_EXAMPLE}"')])
    try:
        return _parse(value)
    except ValueError as error:
        raise FaultsError([(path, str(error))]) from None


def _parse(text: str) -> Address:
    scheme, colon, rest = text.partition(":")
    shown = show_string(text)
    if scheme not in SCHEMES:
        if not colon or "." in scheme or scheme.startswith("[") or "localhost" in scheme:
            raise ValueError(f"{shown} must begin with tcp:, such as {show_string(_EXAMPLE)}")
        hint = did_you_mean(scheme, SCHEMES, "; known: tcp")
        raise ValueError(f"{shown} has an unknown scheme {show_string(scheme)}{hint}")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        whole = show_string(f"tcp:{rest}:12480")
        raise ValueError(f"{shown} has no port, such as {whole}")
    return Address(_host(host, shown), _port(port, shown))


def _port(text: str, shown: str) -> int:
    if not (text.isascii() and text.isdigit()):
        what = f"{show_string(text)} is not a port" if text else "the port is missing after the last ':'"
        raise ValueError(f"{shown}: {what}, a whole number from 1 to {MAX_PORT}")
    if len(text) > len(str(MAX_PORT)) or int(text) > MAX_PORT:
        raise ValueError(f"{shown}: the port is out of range, 1 to {MAX_PORT}")
    if int(text) == 0:
        raise ValueError(
            f"{shown}: port 0 means any free port, and others must know it; choose 1 to {MAX_PORT}"
        )
    return int(text)


def _host(text: str, shown: str) -> str:
    if not text:
        raise ValueError(f'{shown} has no host; "127.0.0.1" is this machine only, "0.0.0.0" every interface')
    bracketed = text.startswith("[") and text.endswith("]")
    if bracketed:
        address = _ip(text[1:-1])
        if address is None or address.version != 6:  # noqa: PLR2004 -- IPv6
            raise ValueError(f"{shown}: {show_string(text[1:-1])} is not an IPv6 address")
        return str(address)
    if ":" in text:
        raise ValueError(
            f"{shown}: an IPv6 address stands in brackets, as in {show_string('tcp:[::1]:12480')}"
        )
    if _NUMBERS.fullmatch(text) and _ip(text) is None:
        raise ValueError(f"{shown}: {show_string(text)} is not an IPv4 address")
    if not _HOST_NAME.fullmatch(text):
        raise ValueError(f"{shown}: {show_string(text)} is not a host name or an address")
    return text


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
