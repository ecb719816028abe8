"""What is wrong with the certificates on this machine that a herd's `tls:` endpoints need.

Only files are read. A server whose files are both missing may run on another machine if neighbors dial it
beyond loopback: that is a warning. All else that keeps a server from starting, or others from believing it,
is an error.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

from OpenSSL import crypto

from herd.cli.certificate import Certificate, belong_together, is_there, read_certificate, read_key
from herd.config.endpoint import is_loopback
from herd.config.names import AUTHORITY
from herd.config.problem import DocumentPath, Problem
from herd.config.trust import needs_own_certificate
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from herd.config.model import Config, Server

_OTHERS: Final = 0o077
"""The bits of a file's mode that let its group, or others, at it."""

_DIRECTORY: Final = ("tls", "directory")


def check_certificates(config: Config, now: datetime) -> list[Problem]:
    """Return what is wrong at the moment `now`; no file is read where no endpoint is `tls:`."""
    check = _Check(config, now)
    check.look()
    return check.found


class _Check:
    """One look at the files of one configuration; what is wrong gathers in `found`."""

    def __init__(self, config: Config, now: datetime) -> None:
        self._config = config
        self._now = now
        self._directory = _shown(config.tls.directory)
        self._has_shared = config.tls.client_certificate is not None
        self.found: list[Problem] = []

    def look(self) -> None:
        """Look at everything."""
        servers = self._config.servers
        authority = None
        if any(server.links.scheme == "tls" for server in servers):
            authority = self._look_at_authority()
        own = [
            server
            for server in servers
            if needs_own_certificate(server, has_client_certificate=self._has_shared)
        ]
        absent = [server for server in own if not any(map(is_there, self._files(server.name)))]
        self._tell_absent([server.name for server in absent if is_loopback(server.links.dial.host)])
        self._tell_elsewhere([server.name for server in absent if not is_loopback(server.links.dial.host)])
        for server in own:
            if server not in absent:
                self._look_at_server(server, authority)
        self._look_at_shared([server for server in servers if server.clients.scheme == "tls"])

    def _look_at_authority(self) -> Certificate | None:
        path = self._directory / f"{AUTHORITY}.pem"
        if not is_there(path):
            self._error(_DIRECTORY, f"there is no {path}; {self._command('init')} makes it")
            return None
        anew = f"; {self._command('init', '--force')} makes a new authority"
        try:
            found = read_certificate(path)
        except HerdError as error:
            self._error(_DIRECTORY, f"{error}{anew}")
            return None
        key = self._directory / f"{AUTHORITY}.key"
        if is_there(key):
            self._look_at_mode(key, _DIRECTORY)
        self._look_at_dates(found, _DIRECTORY, anew)
        return found

    def _tell_absent(self, names: Sequence[str]) -> None:
        if names:
            text = f"there is no certificate in {self._directory} for {', '.join(names)}"
            self._error(_DIRECTORY, f"{text}; {self._command('issue', *names)} makes it")

    def _tell_elsewhere(self, names: Sequence[str]) -> None:
        if names:
            text = f"there is no certificate in {self._directory} for {', '.join(names)}"
            command = self._command("issue", *names)
            self._warn(_DIRECTORY, f"{text}; unless they run on other machines, {command} makes it")

    def _look_at_server(self, server: Server, authority: Certificate | None) -> None:
        name = server.name
        has_links = server.links.scheme == "tls"
        path: DocumentPath = ("servers", name, "links" if has_links else "clients")
        renew, reissue = self._command("renew", name), self._command("issue", name, "--force")
        found = self._look_at_pair(*self._files(name), path, renew=renew, reissue=reissue)
        if found is None:
            return
        if not found.carries(name):
            carried = ", ".join(found.names) or "no name"
            self._error(path, f"{found.path} carries {carried}, not {name}; {reissue} makes one that does")
        others = [each for each in self._config.names if each != name and found.carries(each)]
        if has_links and others:
            text = f"{found.path} carries {', '.join(others)} too, so {name} could speak for others"
            self._error(path, f"{text}; {reissue} makes one without")
        if has_links and authority is not None:
            self._look_at_signature(found, authority, path, renew)
        if server.clients.scheme == "tls" and not self._has_shared:
            hosts = [each for each in found.names if each != name] + [server.clients.dial.host]
            options = [word for host in hosts for word in ("--host", host)]
            reissue = self._command("issue", name, *options, "--force")
            self._look_at_host(server, found, f"; {reissue} makes one that does")

    def _look_at_shared(self, servers: Sequence[Server]) -> None:
        """Look at the certificate that clients are shown instead of the servers' own."""
        tls = self._config.tls
        if not servers or tls.client_certificate is None or tls.client_key is None:
            return
        path: DocumentPath = ("tls", "client_certificate")
        found = self._look_at_pair(_shown(tls.client_certificate), _shown(tls.client_key), path)
        if found is not None:
            for server in servers:
                self._look_at_host(server, found, "")

    def _look_at_pair(
        self, certificate: Path, key: Path, path: DocumentPath, *, renew: str = "", reissue: str = ""
    ) -> Certificate | None:
        """Look at a certificate and its key; return the certificate, if it could be read.

        `renew` and `reissue` are commands for what `herd ca` made.
        """
        again = f"; {reissue} makes both" if reissue else ""
        try:
            found = read_certificate(certificate)
            if not belong_together(found, read_key(key)):
                anew = f"; {renew} makes both anew" if renew else ""
                self._error(path, f"{key} is not the key of {certificate}{anew}")
        except HerdError as error:
            self._error(path, f"{error}{again}")
            return None
        self._look_at_mode(key, path)
        self._look_at_dates(found, path, f"; {renew} makes a new one" if renew else "")
        return found

    def _look_at_mode(self, key: Path, path: DocumentPath) -> None:
        try:
            is_open = bool(key.stat().st_mode & _OTHERS)
        except OSError:
            return
        if is_open:
            text = f"{key} is open to others than its owner; `chmod 600 {shlex.quote(str(key))}`"
            self._warn(path, text)

    def _look_at_dates(self, found: Certificate, path: DocumentPath, remedy: str) -> None:
        expiry = found.expiry(self._now)
        day = f"{found.expires:%Y-%m-%d}"
        if found.begins > self._now:
            text = f"{found.path} is not valid before {found.begins:%Y-%m-%d %H:%M} UTC"
            self._error(path, f"{text}: is this machine's clock right?")
        elif expiry == "expired":
            self._error(path, f"{found.path} expired on {day}{remedy}")
        elif expiry == "soon":
            self._warn(path, f"{found.path} expires on {day}, in {found.days_left(self._now)} days{remedy}")

    def _look_at_signature(
        self, found: Certificate, authority: Certificate, path: DocumentPath, renew: str
    ) -> None:
        """Verify a chain as a neighbor would, unless it is out of date, which has been told."""
        if not all(each.begins <= self._now <= each.expires for each in (found, authority)):
            return
        first, *rest = [crypto.X509.from_cryptography(each) for each in found.chain]
        store = crypto.X509Store()
        for each in authority.chain:
            store.add_cert(crypto.X509.from_cryptography(each))
        store.set_time(self._now)
        try:
            crypto.X509StoreContext(store, first, rest).verify_certificate()
        except crypto.X509StoreContextError as error:
            text = f"{found.path} is not signed by {authority.path} ({error})"
            self._error(path, f"{text}; {renew} makes one that is")

    def _look_at_host(self, server: Server, found: Certificate, remedy: str) -> None:
        host = server.clients.dial.host
        if not found.carries(host):
            text = f"clients dial {host}, which {found.path} does not carry, so careful ones refuse it"
            self._warn(("servers", server.name, "clients"), f"{text}{remedy}")

    def _files(self, name: str) -> tuple[Path, Path]:
        return self._directory / f"{name}.pem", self._directory / f"{name}.key"

    def _command(self, *words: str) -> str:
        """Return a `herd ca` command as it would be typed here."""
        is_default = self._directory == Path("tls")
        where = () if is_default else ("--directory", str(self._directory))
        return f"`herd ca {shlex.join([*words, *where])}`"

    def _error(self, path: DocumentPath, message: str) -> None:
        self.found.append(Problem(path=path, message=message))

    def _warn(self, path: DocumentPath, message: str) -> None:
        self.found.append(Problem(severity="warning", path=path, message=message))


def _shown(path: Path) -> Path:
    """Return a path as short as it can be typed here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
