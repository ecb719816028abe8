"""What is wrong with the certificates on this machine that a herd's `tls:` endpoints need.

Only files are read. A server whose files are both missing may run on another machine if neighbors dial it
beyond loopback: that is a warning; everything else that would keep a server from starting, or its neighbors
from believing it, is an error.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen
from OpenSSL import crypto

from herd.cli.certificate import Certificate, belong_together, read_certificate, read_key
from herd.config.endpoint import is_loopback
from herd.config.names import AUTHORITY
from herd.config.problem import DocumentPath, Problem
from herd.config.trust import needs_own_certificate
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from herd.config.model import Config, Server

_OTHERS: Final = 0o077
"""The bits of a file's mode that let its group, or others, at it."""


def check_certificates(config: Config, now: datetime) -> list[Problem]:
    """Return what is wrong at the moment `now`; nothing is read where no endpoint is `tls:`."""
    return list(_Check(config, now).problems())


@frozen
class _Pair:
    """A certificate and its key, where in the configuration they are spoken of, and how to make new ones."""

    certificate: Path
    key: Path
    path: DocumentPath
    remedy: str
    """What to do, to follow what is wrong with them; empty where `herd ca` did not make them."""

    def error(self, text: str) -> Problem:
        return Problem(path=self.path, message=f"{text}{self.remedy}")

    def warning(self, text: str) -> Problem:
        return Problem(severity="warning", path=self.path, message=f"{text}{self.remedy}")


class _Check:
    """One look at the files of one configuration."""

    def __init__(self, config: Config, now: datetime) -> None:
        self._config = config
        self._now = now
        self._directory = config.tls.directory
        self._shared = config.tls.client_certificate
        self._with_links = [server for server in config.servers if server.links.scheme == "tls"]
        self._with_clients = [server for server in config.servers if server.clients.scheme == "tls"]
        self._own = [
            server
            for server in config.servers
            if needs_own_certificate(server, has_client_certificate=self._shared is not None)
        ]

    def problems(self) -> Iterator[Problem]:
        authority: Certificate | None = None
        if self._with_links:
            authority = yield from self._authority()
        absent = [server for server in self._own if not any(path.exists() for path in self._files(server.name))]
        yield from self._absent(absent)
        for server in self._own:
            if server not in absent:
                yield from self._server(server, authority)
        if self._shared is not None and self._with_clients:
            yield from self._client_certificate(self._shared)

    def _authority(self) -> Iterator[Problem]:
        ...
