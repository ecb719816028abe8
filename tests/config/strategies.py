"""Configurations of every shape that a file can have, with names, hosts and options that nobody would use."""

from __future__ import annotations

import datetime as dt
import ipaddress
from itertools import count
from pathlib import Path
from typing import Any, get_args

from attrs import evolve
from hypothesis import strategies as st

from herd.config.checks import check_draft
from herd.config.document import draft_from_config
from herd.config.endpoint import SCHEMES, is_loopback
from herd.config.model import (
    Address,
    Config,
    Durability,
    Endpoint,
    Links,
    Logging,
    Places,
    Scheme,
    Server,
    Tls,
)
from herd.config.names import certificate_name_problem, name_problem
from herd.config.topology import symmetric
from herd.core.limits import Limits

names = st.one_of(
    st.sampled_from(
        ["Alford", "Ball", "Zürich", 'quote"s', "back\\slash", "dot.ted", "[x]", "#1", "牧群", "a" * 64]
    ),
    st.text(min_size=1, max_size=16),
).filter(lambda name: name_problem(name) is None)

certificate_names = st.one_of(
    st.sampled_from(["Alford", "dot.ted", "x-1", "a.b-c.d2e", "a" * 63]),
    st.text("aB9.-", min_size=1, max_size=8),
).filter(lambda name: name_problem(name) is None and certificate_name_problem(name) is None)

hosts = st.one_of(
    st.sampled_from(["127.0.0.1", "localhost", "alford.example.org", "host_1", "bücher.example", "10.0.0.1"]),
    st.ip_addresses().filter(lambda address: not address.is_unspecified).map(str),
)
wildcards = st.sampled_from([str(ipaddress.IPv4Address(0)), "::"])
addresses = st.builds(Address, hosts, st.integers(1, 65535))
endpoints = st.one_of(
    addresses.map(lambda address: Endpoint(listen=address, dial=address)),
    st.builds(
        lambda listen, dial: Endpoint(listen=listen, dial=dial),
        st.builds(Address, st.one_of(hosts, wildcards), st.integers(1, 65535)),
        addresses,
    ),
)

# A year before 1000 and an offset with seconds cannot be written in TOML.
_moments = st.datetimes(
    min_value=dt.datetime(1000, 1, 1),  # noqa: DTZ001 -- TOML has local times
    timezones=st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=-7, minutes=-30))]),
)
_scalars = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    _moments,
    st.dates(),
    st.times(),
)
values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)

places = st.builds(
    Places,
    provider=st.text().filter(lambda name: name != "provider"),
    options=st.dictionaries(st.text(), values),
)
# Short enough for the control socket of the longest name.
directories = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6
).map(lambda text: Path("/var") / text)
tls = st.builds(
    Tls, directory=directories, client_certificate=st.none() | directories, client_key=st.none() | directories
).map(lambda table: table if table.client_key else evolve(table, client_certificate=None))
tls = tls.map(lambda table: table if table.client_certificate else evolve(table, client_key=None))
secrets = st.one_of(
    st.builds(Links, secret_env=st.from_regex("[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)),
    st.builds(Links, secret_file=directories),
)
schemes: st.SearchStrategy[Scheme] = st.sampled_from(SCHEMES)
durabilities: st.SearchStrategy[Durability] = st.sampled_from(get_args(Durability))
alone: st.SearchStrategy[Durability] = st.sampled_from(["memory", "disk"])
logging = st.builds(
    Logging,
    directory=st.none() | directories,
    format=st.sampled_from(["text", "json"]),
    lines=st.booleans(),
    rotate_bytes=st.integers(1000, 2**63 - 1),
    keep_files=st.integers(1, 100),
)
limits = st.builds(
    Limits,
    line_bytes=st.integers(2000, 10**9),
    client_id_bytes=st.integers(1, 1999),
    record_lifetime_s=st.floats(0.001, 1e300),
    reconnect_min_s=st.floats(1e-300, 0.5),
    places_in_flight=st.integers(1, 10**12),
    connections=st.integers(10_000, 10**6),
    connections_per_address=st.integers(1, 10_000),
)


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Give a configuration that has no errors."""
    link_scheme = draw(schemes)
    known = certificate_names if link_scheme == "tls" else names
    chosen = draw(st.lists(known, min_size=1, max_size=6, unique_by=str.lower))
    named = {name: draw(st.lists(st.sampled_from(chosen), max_size=4)) for name in chosen}
    topology = symmetric(named)
    servers = tuple(
        Server(
            name=name,
            clients=evolve(
                draw(endpoints), scheme=draw(schemes if link_scheme == "tls" else st.just(link_scheme))
            ),
            links=evolve(draw(endpoints), scheme=link_scheme),
            neighbors=topology[name],
            durability=draw(durabilities if topology[name] else alone),
        )
        for name in chosen
    )
    durability = draw(durabilities)
    servers = tuple(
        evolve(server, durability=None) if server.durability == durability else server for server in servers
    )
    is_exposed = link_scheme == "tcp" and any(not is_loopback(each.links.listen.host) for each in servers)
    config = Config(
        name=draw(names),
        servers=servers,
        state=draw(directories),
        durability=durability,
        links=draw(secrets if is_exposed else st.just(Links()) | secrets),
        tls=draw(tls),
        places=draw(places),
        logging=draw(logging),
        limits=draw(limits),
    )
    return _without_clashes(config)


def _without_clashes(config: Config) -> Config:
    """Return a configuration whose servers have ports of their own."""
    ports = count(1, 2)
    servers = tuple(
        evolve(server, clients=_moved(server.clients, next(ports)), links=_moved(server.links, next(ports)))
        for server in config.servers
    )
    whole = evolve(config, servers=servers)
    assert not [each for each in check_draft(draft_from_config(whole)) if each.severity == "error"]
    return whole


def _moved(endpoint: Endpoint, port: int) -> Endpoint:
    dial_port = port if endpoint.listen == endpoint.dial else port + 1
    dial = evolve(endpoint.dial, port=dial_port)
    return evolve(endpoint, listen=evolve(endpoint.listen, port=port), dial=dial)
