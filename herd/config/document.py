"""A parsed TOML document into a `Draft`: all of it that can be made sense of, and every error in the rest.

A draft is what checks across the file look at, so that a wrong port in one server does not hide an unknown
neighbor in another. When nothing is wrong, the draft becomes the `Config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, fields, frozen

from herd.config.model import Config, Durability, Endpoint, Links, Logging, Places, Server, Tls
from herd.config.names import name_problem
from herd.config.problem import DocumentPath, Problem, nearest, show_key
from herd.config.structure import structure_table, unknown_key, wrong_type
from herd.core.limits import Limits


@frozen(kw_only=True)
class ServerDraft:
    """One server's table; None is what is missing or wrong."""

    clients: Endpoint | None = None
    links: Endpoint | None = None
    neighbors: tuple[str, ...] | None = ()
    durability: Durability | None = None


@frozen(kw_only=True)
class TlsDraft:
    """The table `[tls]`."""

    directory: Path | None = None
    """As it is written, or, later, where it really is; None if neither is known."""
    client_certificate: Path | None = None
    client_key: Path | None = None


@frozen(kw_only=True)
class Draft:
    """What was understood of a document."""

    name: str | None = None
    """None if it is missing or wrong."""
    state: Path | None = None
    """As it is written, or, later, where it really is; None if neither is known."""
    servers: Mapping[str, ServerDraft] = field(factory=dict)
    places: Places = field(factory=Places)
    logging: Logging = field(factory=Logging)
    limits: Limits = field(factory=Limits)
    wrong_limits: frozenset[str] = frozenset()
    """Limits that are wrong by themselves: their values here are the defaults, not the file's."""
    durability: Durability = "memory"
    links: Links = field(factory=Links)
    wrong_links: frozenset[str] = frozenset()
    tls: TlsDraft = field(factory=TlsDraft)
    wrong_tls: frozenset[str] = frozenset()

    def config(self, source: str) -> Config:
        """Return the configuration that this draft is, once it is known to have no errors."""
        assert self.name is not None
        assert self.state is not None
        assert self.tls.directory is not None
        return Config(
            name=self.name,
            servers=tuple(_server(name, table) for name, table in self.servers.items()),
            state=self.state,
            places=self.places,
            logging=self.logging,
            limits=self.limits,
            durability=self.durability,
            links=self.links,
            tls=Tls(
                directory=self.tls.directory,
                client_certificate=self.tls.client_certificate,
                client_key=self.tls.client_key,
            ),
            source=source,
        )


def draft_from_config(config: Config) -> Draft:
    """Return the draft that would become `config`."""
    return Draft(
        name=config.name,
        state=config.state,
        servers={
            server.name: ServerDraft(
                clients=server.clients,
                links=server.links,
                neighbors=server.neighbors,
                durability=server.durability,
            )
            for server in config.servers
        },
        places=config.places,
        logging=config.logging,
        limits=config.limits,
        durability=config.durability,
        links=config.links,
        tls=TlsDraft(
            directory=config.tls.directory,
            client_certificate=config.tls.client_certificate,
            client_key=config.tls.client_key,
        ),
    )


@frozen(kw_only=True)
class _Top:
    """The keys at the top that are no tables."""

    name: str | None = None
    state: Path | None = None
    durability: Durability = "memory"


@frozen(kw_only=True)
class _Provider:
    """The keys of `[places]` that are no tables."""

    provider: str = Places().provider


def read_document(document: Mapping[str, Any]) -> tuple[Draft, list[Problem]]:
    """Read a whole document; the problems say everything that is wrong with it by itself, table by table."""
    problems: list[Problem] = []
    tables = ("servers", "links", "tls", "places", "logging", "limits")
    known = [*(each.name for each in fields(_Top)), *tables]
    problems += [unknown_key((key,), known) for key in document if key not in known]
    top, wrong = structure_table(
        _Top,
        {key: value for key, value in document.items() if key in known and key not in tables},
        (),
        problems,
    )
    name = _herd_name(top.name, is_given="name" in wrong, problems=problems)
    logging, _ = structure_table(Logging, _table(document, ("logging",), problems), ("logging",), problems)
    limits, wrong_limits = structure_table(
        Limits, _table(document, ("limits",), problems), ("limits",), problems
    )
    links, wrong_links = structure_table(Links, _table(document, ("links",), problems), ("links",), problems)
    tls, wrong_tls = structure_table(TlsDraft, _table(document, ("tls",), problems), ("tls",), problems)
    draft = Draft(
        name=name,
        state=top.state,
        servers=_servers(document, problems),
        places=_places(_table(document, ("places",), problems), problems),
        logging=logging,
        limits=limits,
        wrong_limits=wrong_limits,
        durability=top.durability,
        links=links,
        wrong_links=wrong_links,
        tls=tls,
        wrong_tls=wrong_tls,
    )
    return draft, problems


def _herd_name(name: str | None, *, is_given: bool, problems: list[Problem]) -> str | None:
    if name is None:
        if not is_given:
            problems.append(Problem(message='name is missing: a herd has a name, such as name = "herd"'))
        return None
    wrong = name_problem(name)
    if wrong is None:
        return name
    problems.append(Problem(path=("name",), message=wrong))
    return None


def _table(document: Mapping[str, Any], path: DocumentPath, problems: list[Problem]) -> Mapping[str, Any]:
    """Return the table at the last key of `path`; an empty one if it is missing or none."""
    value = document.get(str(path[-1]), {})
    if isinstance(value, Mapping):
        return value
    problems.append(Problem(path=path, message=wrong_type("a table", value)))
    return {}


def _servers(document: Mapping[str, Any], problems: list[Problem]) -> dict[str, ServerDraft]:
    before = len(problems)
    servers = {}
    for name, value in _table(document, ("servers",), problems).items():
        path: DocumentPath = ("servers", name)
        wrong_name = name_problem(name)
        if wrong_name is not None:
            problems.append(Problem(path=path, message=wrong_name))
        if isinstance(value, Mapping):
            servers[name] = _server_draft(value, path, problems)
        else:
            problems.append(Problem(path=path, message=wrong_type("a table", value)))
            servers[name] = ServerDraft(neighbors=None)
    if not servers and len(problems) == before:
        problems.append(
            Problem(message="servers are missing: a herd has one at least, such as [servers.Alford]")
        )
    return servers


def _server_draft(table: Mapping[str, Any], path: DocumentPath, problems: list[Problem]) -> ServerDraft:
    draft, wrong = structure_table(ServerDraft, table, path, problems)
    problems.extend(
        Problem(path=path, message=f'{key} is missing, such as {key} = "tcp:127.0.0.1:{port}"')
        for key, port in (("clients", 12480), ("links", 12580))
        if key not in table
    )
    if "neighbors" in wrong:
        return ServerDraft(clients=draft.clients, links=draft.links, neighbors=None)
    return draft


def _places(table: Mapping[str, Any], problems: list[Problem]) -> Places:
    """Read `[places]`: the provider, and its own table, unread; other providers' tables may stay."""
    head, wrong = structure_table(
        _Provider, {key: value for key, value in table.items() if key == "provider"}, ("places",), problems
    )
    own = f"[places.{show_key(head.provider)}]"
    for key, value in table.items():
        path = ("places", key)
        if key in {"provider", head.provider} and (key == "provider" or isinstance(value, Mapping)):
            continue
        if not isinstance(value, Mapping):
            meant = nearest(key, ["provider"])
            hint = (
                'did you mean "provider"?' if meant else f"an option of a provider stands in its table, {own}"
            )
            problems.append(Problem(path=path, message=f"unknown key, {hint}"))
        elif head.provider not in table and not wrong and nearest(key, [head.provider], cutoff=0.8):
            message = f"not read, as the provider is {show_key(head.provider)}; did you mean {own}?"
            problems.append(Problem(severity="warning", path=path, message=message))
    options = table.get(head.provider)
    return Places(provider=head.provider, options=options if isinstance(options, Mapping) else {})


def _server(name: str, draft: ServerDraft) -> Server:
    assert draft.clients is not None
    assert draft.links is not None
    assert draft.neighbors is not None
    return Server(
        name=name,
        clients=draft.clients,
        links=draft.links,
        neighbors=draft.neighbors,
        durability=draft.durability,
    )
