"""Who does which work: herd's two cores, the peers, and herd with one more thing switched on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from attrs import frozen
from benching.servers import has_compiled_core
from benching.versus import herds, peers, prototypes
from benching.versus.daemons import program
from benching.versus.target import Start

from herd.config.load import load_config

if TYPE_CHECKING:
    from benching.versus.generator import Programs
    from benching.versus.prototypes import Published

CORES: Final = {"pure": "herd, pure", "compiled": "herd, compiled"}


VARIANTS: Final = {
    "base": "as users run it",
    "neighbor": "durability `neighbor`",
    "disk": "durability `disk`",
    "tls": "TLS links",
    "lines": "each line logged",
    "expiry": f"records expire after {herds.EXPIRY_S:g} s",
}


@frozen(kw_only=True)
class System:
    """One that does works."""

    name: str
    title: str
    works: tuple[str, ...]
    start: Start
    needs: str | None = None
    """The program without which it is left out."""

    @property
    def is_there(self) -> bool:
        """Tell whether its program is installed."""
        return self.needs is None or program(self.needs) is not None


ONE: Final = ("one-64", "one-16", "one-1")
FLOOD: Final = ("flood", "hot")
KNOWN: Final = ("known-2000", "known-20000")


def cores() -> tuple[str, ...]:
    """Return the cores of herd that are installed."""
    return ("pure", "compiled") if has_compiled_core() else ("pure",)


def systems(programs: Programs, published: Published | None) -> tuple[System, ...]:
    """Return all, in the order of the tables."""
    return (*_peers(programs), *_prototypes(published), *_herds(), *_variants())


def _peers(programs: Programs) -> list[System]:
    redis = "redis-server"
    alone, together = peers.redis, peers.redis_replicated
    return [
        System(name="echo", title="C echo, the floor", works=ONE, start=partial(peers.echo, programs.echo)),
        System(
            name="geoadd",
            title="Redis GEOADD",
            works=ONE,
            start=partial(alone, "geoadd"),
            needs=redis,
        ),
        System(
            name="geoadd-publish",
            title="Redis GEOADD + PUBLISH",
            works=ONE,
            start=partial(alone, "geoadd-publish"),
            needs=redis,
        ),
        System(name="set", title="Redis SET", works=ONE, start=partial(alone, "set"), needs=redis),
        System(
            name="mosquitto",
            title="mosquitto, QoS 0, retained",
            works=ONE,
            start=peers.mosquitto,
            needs="mosquitto",
        ),
        System(
            name="geoadd-5",
            title="Redis GEOADD, primary + 4",
            works=FLOOD,
            start=partial(together, "geoadd"),
            needs=redis,
        ),
        System(
            name="set-5",
            title="Redis SET, primary + 4",
            works=FLOOD,
            start=partial(together, "set"),
            needs=redis,
        ),
        System(
            name="publish-5",
            title="Redis GEOADD + PUBLISH, primary + 4",
            works=KNOWN,
            start=partial(together, "geoadd-publish"),
            needs=redis,
        ),
        System(name="nats-5", title="NATS, cluster of 5", works=KNOWN, start=peers.nats, needs="nats-server"),
    ]


def _prototypes(published: Published | None) -> list[System]:
    own = System(
        name="stand-in",
        title="prototype (a stand-in)",
        works=ONE,
        start=prototypes.stand_in,
    )
    if published is None:
        return [own]
    run = partial(prototypes.run, published)
    return [own, System(name="published", title="prototype (published)", works=ONE, start=run)]


def _herds() -> list[System]:
    found = []
    for core in cores():
        title = CORES[core]
        found += [
            System(name=core, title=title, works=ONE, start=partial(herds.herd, core, herds.one_server())),
            System(
                name=f"{core}-5", title=title, works=FLOOD, start=partial(herds.herd, core, load_config())
            ),
            System(
                name=f"{core}-watched",
                title=title,
                works=(*KNOWN, "known-full"),
                start=partial(herds.herd, core, herds.observed()),
            ),
        ]
    return found


def _variants() -> list[System]:
    """Return the best core with each thing switched on, with one server and with five."""
    core, one, five = cores()[-1], herds.one_server(), load_config()
    one_works, five_works = ("price-one",), ("price-flood",)
    plan = (
        ("base", herds.as_users_run_it, (*one_works, "price-many"), (*five_works, "price-news")),
        ("neighbor", herds.with_neighbor, (), five_works),
        ("disk", herds.on_disk, one_works, five_works),
        ("tls", herds.over_tls, (), five_works),
        ("lines", herds.logging_lines, one_works, five_works),
        ("expiry", herds.expiring, ("price-many",), ("price-news",)),
    )
    return [
        System(
            name=f"{name}-{len(config.servers)}",
            title=f"{CORES[core]}, {VARIANTS[name]}",
            works=works,
            start=partial(herds.herd, core, config, variant),
        )
        for name, variant, alone, together in plan
        for config, works in ((one, alone), (five, together))
        if works
    ]
