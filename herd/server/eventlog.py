r"""A server's log file: its input and output, connections that come and go, and what went wrong.

One line an event, as text

    2026-11-21T10:00:00.123456Z client 127.0.0.1:50514 got IAMAT kiwi +34.068930-118.445127
    1479413884.392014450

or as JSON. Whatever came over the network is escaped (`\xNN` for all but printable ASCII), so no client can
forge a line or color a terminal. Lines of one reactor turn are written together. A disk that is full costs
log lines, never an answer; how many is said when it has space again.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from attrs import frozen
from twisted.logger import Logger

from herd.core.errors import ConfigError
from herd.core.record import NS_PER_S
from herd.server.logfile import RotatingFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from herd.config.model import Config
    from herd.server.world import World

_PRINTABLE: Final = range(0x20, 0x7F)
_ESCAPES: Final = {
    code: f"\\x{code:02x}" for code in range(256) if code not in _PRINTABLE or code == ord("\\")
}
_log: Final = Logger("herd")


def escape(line: bytes) -> str:
    """Return bytes as printable ASCII, without their line ending."""
    text = line.rstrip(b"\r\n").decode("latin-1")
    if text.isascii() and text.isprintable() and "\\" not in text:  # as nearly all lines are
        return text
    return text.translate(_ESCAPES)


@frozen
class Peer:
    """Who is at the other end: `kind` is client, link or control; `address` is host:port."""

    kind: str
    address: str


class EventLog:
    """The log of one server; `lines` tells whether single lines of input and output are wanted.

    `write` takes whole lines and may raise an `OSError`; `close` is called once, at the end.
    """

    def __init__(  # noqa: PLR0913 - two of them say how, four where
        self,
        server: str,
        world: World,
        write: Callable[[str], object],
        close: Callable[[], object] = lambda: None,
        *,
        lines: bool,
        as_json: bool,
    ) -> None:
        self.lines = lines
        self._server = server
        self._world = world
        self._write = write
        self._close = close
        self._format = self._json if as_json else self._text
        self._pending: list[str] = []
        self._lost = 0
        self._second = -1
        self._second_text = ""
        """The second that was written last, and how it reads."""

    def note(self, text: str) -> None:
        """Log something about the server itself; operators see it in the process's log too."""
        _log.info("{server}: {text}", server=self._server, text=text)
        self._add("server", self._server, "note", text)

    def opened(self, peer: Peer) -> None:
        """Log a new connection."""
        self._add(peer.kind, peer.address, "opened", "")

    def closed(self, peer: Peer, reason: str) -> None:
        """Log a dropped connection."""
        self._add(peer.kind, peer.address, "closed", reason)

    def refused(self, peer: Peer, reason: str) -> None:
        """Log that a peer broke a rule and is being closed."""
        self._add(peer.kind, peer.address, "refused", escape(reason.encode()))

    def got(self, peer: Peer, lines: Iterable[bytes]) -> None:
        """Log lines of input."""
        if self.lines:
            self._add(peer.kind, peer.address, "got", *map(escape, lines))

    def sent(self, peer: Peer, lines: Iterable[bytes]) -> None:
        """Log lines of output."""
        if self.lines:
            self._add(peer.kind, peer.address, "sent", *map(escape, lines))

    def flush(self) -> None:
        """Write what waits."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        text = "".join(pending)
        if self._lost:
            text = self._format("server", self._server, "note", [f"{self._lost} log lines were lost"]) + text
        try:
            self._write(text)
        except OSError as error:
            if not self._lost:
                _log.error("{server}: cannot write its log: {error}", server=self._server, error=error)
            self._lost += sum(each.count("\n") for each in pending)
        else:
            self._lost = 0

    def close(self) -> None:
        """Write what waits, and close the file; what comes after that is not logged."""
        self.flush()
        self._write = lambda _: None
        self._close()

    def _add(self, kind: str, address: str, event: str, *texts: str) -> None:
        if not self._pending:
            self._world.at_turn_end(self.flush)
        self._pending.append(self._format(kind, address, event, texts))

    def _now(self) -> str:
        seconds, nanoseconds = divmod(self._world.wall_ns(), NS_PER_S)
        if seconds != self._second:
            self._second = seconds
            self._second_text = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
        return f"{self._second_text}.{nanoseconds // 1000:06d}Z"

    def _text(self, kind: str, address: str, event: str, texts: Sequence[str]) -> str:
        before = f"{self._now()} {kind} {address} {event}"
        return "".join([f"{before} {text}\n" if text else f"{before}\n" for text in texts])

    def _json(self, kind: str, address: str, event: str, texts: Sequence[str]) -> str:
        fields = {"time": self._now(), "server": self._server, "kind": kind, "peer": address, "event": event}
        before = json.dumps(fields)[:-1]
        return "".join(
            [f'{before}, "text": {json.dumps(text)}}}\n' if text else f"{before}}}\n" for text in texts]
        )


def open_event_log(config: Config, server: str, world: World) -> EventLog:
    """Open a server's log file; a `ConfigError` if that cannot be done."""
    path = config.log_file(server)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = RotatingFile(path, config.logging.rotate_bytes, config.logging.keep_files)
    except OSError as error:
        raise ConfigError(
            [f"cannot write the log file {path}: {error.strerror}; set [logging] directory, or state"]
        ) from None
    logging = config.logging
    return EventLog(
        server, world, file.write, file.close, lines=logging.lines, as_json=logging.format == "json"
    )
