"""What a configuration says, once it is known to be right: frozen values, no file and no parser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from attrs import field, frozen
from attrs.validators import ge

from herd.core.limits import Limits


@frozen
class Address:
    """A TCP address: a host name or IP literal (IPv6 without brackets), and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


Scheme: TypeAlias = Literal["tcp", "tls"]
Durability: TypeAlias = Literal["memory", "neighbor", "disk"]
"""What an AT answer promises: this server has the report; a neighbor has it too; it is committed to disk."""


@frozen(kw_only=True)
class Endpoint:
    """Where a server listens, and where others dial it (the same, unless the file says otherwise)."""

    scheme: Scheme = "tcp"
    listen: Address
    dial: Address


@frozen(kw_only=True)
class Server:
    """One named server of the herd."""

    name: str
    clients: Endpoint
    links: Endpoint
    neighbors: tuple[str, ...]
    durability: Durability | None = None
    """What this server's answers promise, where it differs from the herd's."""


@frozen(kw_only=True)
class Places:
    """Which provider answers WHATSAT, and the options of its own table `[places.<provider>]`, unread."""

    provider: str = "embedded"
    options: Mapping[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class Logging:
    """How a server keeps its log file, `<directory>/<server>.log`."""

    directory: Path | None = None
    """Where log files go; unless given, the state directory."""
    format: Literal["text", "json"] = "text"
    """`text` for people, `json` (an object a line) for log collectors."""
    lines: bool = True
    """Whether each line that is read and written is logged; connections and errors always are."""
    rotate_bytes: int = field(default=10_000_000, validator=ge(1000))
    """A log file is rotated at this size: small enough for an editor, and some 100,000 lines."""
    keep_files: int = field(default=5, validator=ge(1))
    """How many rotated files are kept; the oldest is deleted, so that logs never fill a disk."""


@frozen(kw_only=True)
class Links:
    """How neighbors prove who they are on `tcp:` links; on `tls:` links their certificates do."""

    secret_env: str | None = None
    """The environment variable that holds the herd's secret, 16 bytes or more."""
    secret_file: Path | None = None
    """The file that holds it, instead; a newline at its end does not count."""


@frozen(kw_only=True)
class Tls:
    """Where the certificates of `tls:` endpoints are; `herd ca` makes such a directory."""

    directory: Path
    """`ca.pem`, which signed every server's certificate; `<server>.pem` and `<server>.key`."""
    client_certificate: Path | None = None
    """What `tls:` clients are shown, if not the server's own certificate: a chain in PEM."""
    client_key: Path | None = None
    """The private key of that certificate."""


@frozen(kw_only=True)
class Config:
    """A whole herd."""

    name: str
    servers: tuple[Server, ...]
    state: Path
    """The directory of control sockets, log files and journals; one per herd and machine."""
    places: Places = field(factory=Places)
    logging: Logging = field(factory=Logging)
    limits: Limits = field(factory=Limits)
    durability: Durability = "memory"
    """What AT answers promise, unless a server says otherwise: `memory`, the server has the report;
    `neighbor`, one of its neighbors has it too; `disk`, it is on the server's disk."""
    links: Links = field(factory=Links)
    tls: Tls
    """Looked at only where an endpoint is `tls:`."""
    source: str = field(default="the packaged default", eq=False)
    """The file that this was read from, in words for a message."""

    def server(self, name: str) -> Server:
        """Return the server called `name`; a `KeyError` where there is none."""
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all servers, in the order of the file."""
        return tuple(server.name for server in self.servers)

    def durability_of(self, name: str) -> Durability:
        """Return what the answers of a server promise."""
        return self.server(name).durability or self.durability

    def journal_file(self, name: str) -> Path:
        """Return the path of a server's journal."""
        return self.state / f"{name}.db"

    def control_socket(self, name: str) -> Path:
        """Return the path of a server's control socket."""
        return socket_in(self.state, name)

    def log_file(self, name: str) -> Path:
        """Return the path of a server's log file."""
        return (self.logging.directory or self.state) / f"{name}.log"


def socket_in(state: Path, name: str) -> Path:
    """Return the path of a server's control socket in a state directory."""
    return state / f"{name}.sock"
