"""A herd out of a prototype's Python files: dictionaries from names to ports, and from names to neighbors.

Prototypes have them under any name and in many shapes, so they are known by what they hold:

    PORT_NUM = {"Alford": 12480, "Ball": 12481}            # or "12480", or ("localhost", 12480)
    NEIGHBORS = {"Alford": ["Ball"], "Ball": ["Alford"]}   # names, or their ports
    SERVERS = {"Alford": {"port": 12480, "ip": "localhost", "talks": ["Ball"]}}
    HOST_NAME = {"Alford": "127.0.0.1", "Ball": "127.0.0.1"}

Nothing is mended in silence: whatever was left out, added or understood otherwise is a note with its line.
"""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from herd.config.checks import check_draft
from herd.config.document import draft_from_config
from herd.config.endpoint import MAX_PORT, FaultsError, endpoint_from_address, is_loopback, parse_endpoint
from herd.config.model import Address, Config, Endpoint, Links, Server, Tls
from herd.config.names import name_problem
from herd.config.problem import did_you_mean, show_string
from herd.config.prototype_facts import facts_of
from herd.config.python_tables import Note, Table, Tables
from herd.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LINKS_AFTER_CLIENTS: Final = 100
"""A server's links port is its clients port plus this, as in the packaged default."""

_LINKS_VARIABLE: Final = "HERD_LINK_SECRET"

_FIRST_FREE_PORT: Final = 1024
"""Below it, only the system's administrator listens; numbers there are rather counts of something."""

_LOOPBACK: Final = "127.0.0.1"
_HOST_OF_ALL: Final = ("host", "hostname", "localhost", "ip", "ipaddr", "server_host", "server_ip")
"""Names of a constant that is the host of all servers; API_HOST, which prototypes have too, is none."""
_SECRET: Final = re.compile(r"(api|google|places)\w*key|secret|password", re.IGNORECASE)


def import_prototype(files: Iterable[tuple[str, str]], name: str) -> tuple[Config, list[str]]:
    """Return the herd `name` that files (their names and texts) describe, and a line for each thing to know.

    A `ConfigError` says why there is none in them. The configuration's `state` means nothing yet.
    """
    tables = Tables()
    sources = []
    for source, text in files:
        sources.append(source)
        try:
            tables.read(text, source)
        except (RecursionError, MemoryError):
            raise ConfigError([f"{source}: cannot be read: nested too deeply"]) from None
    described = ", ".join(sources)
    chosen = _choose(tables.tables)
    if chosen is None:
        example = "PORT_NUM = {'Alford': 12480, 'Ball': 12481}"
        message = f"{described}: no dictionary from names of servers to ports, such as {example}"
        raise ConfigError([*map(str, tables.notes), message])
    imported = _Import(tables, *chosen)
    servers = imported.servers()
    config = Config(
        name=name,
        servers=servers,
        state=Path(),
        links=imported.proof(servers),
        tls=Tls(directory=Path()),
        source=described,
    )
    # What a file with these servers would be refused for, such as a port that two of them share.
    problems = check_draft(evolve(draft_from_config(config), state=None))
    errors = [str(evolve(each, source=described)) for each in problems if each.severity == "error"]
    if errors or not servers:
        raise ConfigError([*map(str, tables.notes), *errors])
    notes = sorted(tables.notes, key=lambda note: (sources.index(note.source), note.line))
    return config, [str(note) for note in notes]


def _choose(tables: list[Table]) -> tuple[Table, Table | None] | None:
    """Choose the tables of ports and of neighbors: those that speak of the same servers, if any do."""
    ports = [table for table in tables if _all_say(table, "port")]
    neighbors = [table for table in tables if _all_say(table, "neighbors")]
    if not ports:
        return None
    pairs = [(one, other) for one in ports for other in neighbors if _folded(one) & _folded(other)]
    if pairs:
        return max(pairs, key=lambda pair: (len(_folded(pair[0]) & _folded(pair[1])), _likely_ports(pair[0])))
    likely = [table for table in ports if any(_likely_ports(table))]
    return (max(likely, key=_likely_ports), None) if likely else None


def _all_say(table: Table, what: str) -> bool:
    facts = [facts_of(entry.value) for entry in table.entries.values()]
    return bool(facts) and all(getattr(each, what) is not None for each in facts)


def _folded(table: Table) -> set[str]:
    return {name.casefold() for name in table.entries}


def _likely_ports(table: Table) -> tuple[bool, bool]:
    """Tell two things that ports have: a name that says so, and numbers that a user may listen on."""
    ports = [facts_of(entry.value).port or 0 for entry in table.entries.values()]
    return "port" in table.name.casefold(), min(ports) >= _FIRST_FREE_PORT


@frozen
class _Found:
    """A server, but for its neighbors."""

    name: str
    clients: Endpoint
    line: int


class _Import:
    """The chosen tables on their way to servers; what there is to tell goes to `tables.notes`."""

    def __init__(self, tables: Tables, ports: Table, neighbors: Table | None) -> None:
        self.tables = tables
        self.ports = ports
        self.neighbors = neighbors
        used = [ports] if neighbors is None else [ports, neighbors]
        self.hosts = next(
            (each for each in tables.tables if each not in used and self._are_hosts(each)), None
        )
        self.host_of_all = self._host_of_all()

    def servers(self) -> tuple[Server, ...]:
        """Return the servers, every link named by both sides."""
        found = self._found()
        neighbors = self._both_sides(self._named(found))
        self._tell_the_rest(found)
        links = _links({each.name: each.clients for each in found})
        return tuple(
            Server(
                name=each.name,
                clients=each.clients,
                links=links[each.name],
                neighbors=tuple(neighbors[each.name]),
            )
            for each in found
        )

    def proof(self, servers: Iterable[Server]) -> Links:
        """Return how neighbors prove who they are: where strangers can reach them, by a secret."""
        if all(is_loopback(server.links.listen.host) for server in servers):
            return Links()
        text = (
            "links go beyond this machine, so secret_env was added: "
            f"the environment variable {_LINKS_VARIABLE} must hold one secret for all servers"
        )
        self._note(self.ports, self.ports.line, text)
        return Links(secret_env=_LINKS_VARIABLE)

    def _note(self, table: Table, line: int, text: str) -> None:
        self.tables.notes.append(Note(table.source, line, text))

    def _are_hosts(self, table: Table) -> bool:
        word = table.name.casefold()
        return (
            _all_say(table, "host")
            and bool(_folded(table) & _folded(self.ports))
            and any(each in word for each in ("host", "ip", "addr"))
        )

    def _found(self) -> list[_Found]:
        """Return the servers that have a name and a port."""
        found = []
        spelling = self._spelling()
        for written, entry in self.ports.entries.items():
            name = spelling.get(written.casefold(), written)
            port = facts_of(entry.value).port
            wrong = name_problem(name)
            if wrong is not None:
                self._note(self.ports, entry.line, f"{show_string(name)} was left out: {wrong}")
            elif port is None or not 0 < port <= MAX_PORT:
                self._note(
                    self.ports, entry.line, f"{name} was left out: its port is not from 1 to {MAX_PORT}"
                )
            else:
                clients = self._clients(name, facts_of(entry.value).host, port, entry.line)
                found.append(_Found(name, clients, entry.line))
        return found

    def _spelling(self) -> dict[str, str]:
        """Return names, by their folded spelling, that are to be spelled as the neighbors' table has them."""
        if self.neighbors is None:
            return {}
        theirs = {name.casefold(): name for name in self.neighbors.entries}
        changed = {
            name: theirs[name.casefold()]
            for name in self.ports.entries
            if theirs.get(name.casefold(), name) != name and (name.isupper() or name.islower())
        }
        if changed:
            told = f"spelled as in {self.neighbors.name}: {', '.join(changed.values())}"
            self._note(self.ports, self.ports.line, f"{self.ports.name}: {told}")
        return {name.casefold(): spelled for name, spelled in changed.items()}

    def _clients(self, name: str, host: str | None, port: int, line: int) -> Endpoint:
        host = (host or self._host_from_table(name) or self.host_of_all).strip()
        if host.casefold() == "localhost":
            host = _LOOPBACK
        try:
            return parse_endpoint(f"tcp:[{host}]:{port}" if ":" in host else f"tcp:{host}:{port}")
        except FaultsError:
            self._note(
                self.ports, line, f"{name}: {show_string(host)} is no host, {_LOOPBACK} was put in its place"
            )
            return endpoint_from_address(Address(_LOOPBACK, port))

    def _host_from_table(self, name: str) -> str | None:
        if self.hosts is None:
            return None
        by_folded = {each.casefold(): entry for each, entry in self.hosts.entries.items()}
        entry = by_folded.get(name.casefold())
        return None if entry is None else facts_of(entry.value).host

    def _host_of_all(self) -> str:
        """Return the host of servers that say nothing of theirs; it is told, unless it is this machine."""
        for name, entry in self.tables.names.items():
            if name.casefold() in _HOST_OF_ALL and isinstance(entry.value, str) and entry.value.strip():
                if not is_loopback(entry.value.strip()):
                    text = f"{name} was taken for the host of every server that has no other"
                    self.tables.notes.append(Note(entry.source, entry.line, text))
                return entry.value
        return _LOOPBACK

    def _named(self, found: list[_Found]) -> dict[str, list[str]]:
        """Return the neighbors that each server names, in its order, but for those that cannot be."""
        known: dict[str | int, str] = {each.name.casefold(): each.name for each in found}
        known |= {each.clients.listen.port: each.name for each in found}
        named: dict[str, list[str]] = {each.name: [] for each in found}
        if self.neighbors is None:
            self._note(
                self.ports, self.ports.line, "found no dictionary of neighbors: the servers have no links"
            )
            return named
        for written, entry in self.neighbors.entries.items():
            name = known.get(written.casefold())
            if name is None:
                self._note(self.neighbors, entry.line, f"{show_string(written)} was left out: it has no port")
                continue
            for each in facts_of(entry.value).neighbors or ():
                other = known.get(each.casefold() if isinstance(each, str) else each)
                wrong = self._why_not(name, each, other, named)
                if wrong:
                    self._note(self.neighbors, entry.line, wrong)
                elif other is not None:
                    named[name].append(other)
        return named

    def _why_not(
        self, name: str, written: str | int, other: str | None, named: Mapping[str, list[str]]
    ) -> str:
        if other is None:
            hint = did_you_mean(str(written), named)
            return f"{name}: its neighbor {written} was left out, as there is no such server{hint}"
        if other == name:
            return f"{name}: itself was left out of its neighbors"
        if other in named[name]:
            return f"{name}: its neighbor {other} stood there twice"
        return ""

    def _both_sides(self, named: dict[str, list[str]]) -> dict[str, list[str]]:
        """Let both sides of each link name it."""
        both = {name: list(others) for name, others in named.items()}
        for name, others in named.items():
            for other in others:
                if name not in named[other]:
                    both[other].append(name)
                    assert self.neighbors is not None
                    line = self._line_of(other)
                    self._note(
                        self.neighbors,
                        line,
                        f"{other}: its neighbor {name} was added, as {name} names {other}",
                    )
        return both

    def _line_of(self, name: str) -> int:
        assert self.neighbors is not None
        lines = {each.casefold(): entry.line for each, entry in self.neighbors.entries.items()}
        return lines.get(name.casefold(), self.neighbors.line)

    def _tell_the_rest(self, found: list[_Found]) -> None:
        """Tell what of these servers could not be read, what was not used, and what must not be copied."""
        names = {each.name.casefold() for each in found}
        used = [each for each in (self.ports, self.neighbors, self.hosts) if each is not None]
        for table in self.tables.tables:
            if any(table is each for each in used):
                self.tables.notes += table.unread
            elif _folded(table) & names:
                self._note(table, table.line, f"{table.name} was not used")
        for name, entry in self.tables.names.items():
            if _SECRET.search(name) and isinstance(entry.value, str):
                text = f"{name} was not copied: a configuration holds no secrets"
                self.tables.notes.append(Note(entry.source, entry.line, text))


def _links(clients: Mapping[str, Endpoint]) -> dict[str, Endpoint]:
    """Choose each server's links port: 100 after its clients port, or the next hundred that is free."""
    taken = {endpoint.listen.port for endpoint in clients.values()}
    links = {}
    for name, endpoint in clients.items():
        start = endpoint.listen.port + LINKS_AFTER_CLIENTS
        ports = chain(range(start, MAX_PORT + 1, LINKS_AFTER_CLIENTS), range(MAX_PORT, 0, -1))
        port = next(each for each in ports if each not in taken)
        taken.add(port)
        links[name] = endpoint_from_address(Address(endpoint.listen.host, port))
    return links
