"""Endpoints as a file writes them: `"tcp:HOST:PORT"`, or where to listen and where to dial apart.

    clients = "tcp:127.0.0.1:12480"
    links = { listen = "tls:0.0.0.0:12580", dial = "tls:alford.example.org:12580" }

Nobody can dial a wildcard, so the string `"tcp:0.0.0.0:12480"` is dialed at 127.0.0.1 (`[::]` at `[::1]`).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from herd.config.model import Address, Endpoint, Scheme
from herd.config.problem import DocumentPath, did_you_mean, show_string

SCHEMES: Final = get_args(Scheme)
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


def endpoint_from_address(listen: Address, scheme: Scheme = "tcp") -> Endpoint:
    """Return the endpoint that a single address means: dialed where it listens, a wildcard on loopback."""
    if not is_wildcard(listen.host):
        return Endpoint(scheme=scheme, listen=listen, dial=listen)
    dial = Address("::1" if ":" in listen.host else "127.0.0.1", listen.port)
    return Endpoint(scheme=scheme, listen=listen, dial=dial)


def parse_endpoint(value: Any) -> Endpoint:
    """Read an endpoint, a string or a table; a `FaultsError` says all that is wrong with it."""
    if isinstance(value, str):
        scheme, address = _address(value, ())
        return endpoint_from_address(address, scheme)
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
    addresses: dict[str, tuple[Scheme, Address]] = {}
    for key in keys:
        if key in table:
            try:
                addresses[key] = _address(table[key], (key,))
            except FaultsError as error:
                faults += error.faults
    if "listen" not in table:
        faults.append(((), f'listen is missing, such as listen = "{_EXAMPLE}"'))
    faults += _contradictions(addresses)
    if faults:
        raise FaultsError(faults)
    scheme, listen = addresses["listen"]
    _, dial = addresses.get("dial", (scheme, endpoint_from_address(listen).dial))
    return Endpoint(scheme=scheme, listen=listen, dial=dial)


def _contradictions(addresses: Mapping[str, tuple[Scheme, Address]]) -> Iterator[tuple[DocumentPath, str]]:
    """Find out whether others can dial `dial`, and will speak there what is spoken at `listen`."""
    if "dial" not in addresses:
        return
    scheme, dial = addresses["dial"]
    if is_wildcard(dial.host):
        yield ("dial",), f"nobody can dial {dial.host}: name the host or address that others reach it at"
    spoken, _ = addresses.get("listen", (scheme, dial))
    if scheme != spoken:
        yield ("dial",), f"must begin with {spoken}: as listen does, not {scheme}:"


def _address(value: Any, path: DocumentPath) -> tuple[Scheme, Address]:
    """Read `tcp:HOST:PORT` or `tls:HOST:PORT`."""
    if not isinstance(value, str):
        raise FaultsError([(path, f'must be a string such as "{_EXAMPLE}"')])
    try:
        return _parse(value)
    except ValueError as error:
        raise FaultsError([(path, str(error))]) from None


def _parse(text: str) -> tuple[Scheme, Address]:
    word, colon, rest = text.partition(":")
    shown = show_string(text)
    scheme = next((each for each in SCHEMES if each == word), None)
    if scheme is None:
        if not colon or "." in word or word.startswith("[") or "localhost" in word:
            raise ValueError(f"{shown} must begin with tcp: or tls:, such as {show_string(_EXAMPLE)}")
        hint = did_you_mean(word, SCHEMES, f"; known: {', '.join(SCHEMES)}")
        raise ValueError(f"{shown} has an unknown scheme {show_string(word)}{hint}")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        whole = show_string(f"{scheme}:{rest}:12480")
        raise ValueError(f"{shown} has no port, such as {whole}")
    return scheme, Address(_host(host, shown, scheme), _port(port, shown))


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


def _host(text: str, shown: str, scheme: Scheme) -> str:
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
            f"{shown}: an IPv6 address stands in brackets, as in {show_string(f'{scheme}:[::1]:12480')}"
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
