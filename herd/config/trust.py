"""What makes a link trustworthy, and whether a configuration has it.

Whoever reaches a links port could pose as a neighbor. So links stay on loopback, or both sides show a
certificate that carries their name (`tls:`), or both prove that they know the herd's secret (`[links]`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from herd.config.endpoint import is_loopback
from herd.config.names import AUTHORITY, certificate_name_problem
from herd.config.problem import Problem, show_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from herd.config.document import Draft, ServerDraft
    from herd.config.model import Config, Server

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMED_AT_MOST: Final = 8


def links_protection(config: Config) -> str:
    """Say in a few words what protects the links of a configuration without errors."""
    has_secret = config.links.secret_env is not None or config.links.secret_file is not None
    if any(server.links.scheme == "tls" for server in config.servers):
        return "TLS 1.3, mutual, and a shared secret" if has_secret else "TLS 1.3, mutual"
    return "TCP with a shared secret, not encrypted" if has_secret else "plain TCP on loopback"


def speaks_tls(config: Config) -> bool:
    """Tell whether any endpoint is `tls:`."""
    return any("tls" in {server.clients.scheme, server.links.scheme} for server in config.servers)


def check_trust(draft: Draft) -> Iterator[Problem]:
    """Find links that a stranger could join, and certificates that cannot do what they are for."""
    yield from _check_secret(draft)
    yield from _check_schemes(draft)
    yield from _check_client_certificate(draft)
    yield from _check_certificate_names(draft)


def _check_secret(draft: Draft) -> Iterator[Problem]:
    """Find out whether there is one secret at most, and one wherever it is needed."""
    links = draft.links
    if links.secret_env is not None and links.secret_file is not None:
        message = "there is a secret_file too, and only one can hold the secret: take one of them out"
        yield Problem(path=("links", "secret_env"), message=message)
    if links.secret_env is not None and not _VARIABLE.fullmatch(links.secret_env):
        # What stands there may be the secret itself, so it is not shown.
        message = "must be the name of an environment variable, such as HERD_LINK_SECRET, not the secret"
        yield Problem(path=("links", "secret_env"), message=message)
    if links.secret_env is not None or links.secret_file is not None or draft.wrong_links:
        return
    exposed = [
        name
        for name, server in draft.servers.items()
        if server.links is not None
        and server.links.scheme == "tcp"
        and not is_loopback(server.links.listen.host)
    ]
    if exposed:
        message = (
            "whoever can reach a links port could pose as a neighbor: use tls: or give [links] a secret_env "
            f"or secret_file; not on loopback: {_list_names(exposed)}"
        )
        yield Problem(path=("servers", exposed[0], "links"), message=message)


def _list_names(names: Sequence[str]) -> str:
    shown = [show_name(each) for each in names[:_NAMED_AT_MOST]]
    return ", ".join(shown if len(names) <= _NAMED_AT_MOST else [*shown, "…"])


def _check_schemes(draft: Draft) -> Iterator[Problem]:
    """Find neighbors of which only one speaks TLS: either may dial, so both need a certificate."""
    for name, server in draft.servers.items():
        for other in dict.fromkeys(server.neighbors or ()):
            links = draft.servers[other].links if other in draft.servers else None
            if server.links is None or links is None or (server.links.scheme, links.scheme) != ("tls", "tcp"):
                continue
            message = (
                f"must be tls: as those of its neighbor {show_name(name)} are, for either of them may dial"
            )
            yield Problem(path=("servers", other, "links"), message=message)


def _check_client_certificate(draft: Draft) -> Iterator[Problem]:
    given = {
        "client_certificate": draft.tls.client_certificate,
        "client_key": draft.tls.client_key,
    }
    for key, other in (("client_certificate", "client_key"), ("client_key", "client_certificate")):
        if given[key] is not None and given[other] is None and other not in draft.wrong_tls:
            message = f"needs a {other} beside it: one is of no use without the other"
            yield Problem(path=("tls", key), message=message)


def _check_certificate_names(draft: Draft) -> Iterator[Problem]:
    """Find servers whose name cannot stand in a certificate, or stands in another's too."""
    before: dict[str, str] = {}
    for name, server in draft.servers.items():
        if not needs_own_certificate(server, has_client_certificate=draft.tls.client_certificate is not None):
            continue
        wrong = certificate_name_problem(name)
        twin = before.setdefault(name.lower(), name)
        if name.lower() == AUTHORITY:
            message = f"a server with tls: cannot be called {name}: {AUTHORITY}.pem is the authority's own"
            yield Problem(path=("servers", name), message=message)
        elif wrong is not None:
            message = f"with tls: the name stands in a certificate, but {show_name(name)} {wrong}"
            yield Problem(path=("servers", name), message=message)
        elif twin != name:
            message = f"with tls: {show_name(twin)} is the same name, as certificates do not tell case"
            yield Problem(path=("servers", name), message=message)


def needs_own_certificate(server: Server | ServerDraft, *, has_client_certificate: bool) -> bool:
    """Tell whether a server shows a certificate of its own, to neighbors or to clients."""
    if server.links is not None and server.links.scheme == "tls":
        return True
    return server.clients is not None and server.clients.scheme == "tls" and not has_client_certificate
