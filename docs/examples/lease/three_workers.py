"""Three workers share one lease, and a link to the server is slow at times."""

from itertools import pairwise
from pathlib import Path

from herd.sim import Profile, Scenario, Script, Uniform
from herd.sim.mishaps import befall, between, slow_links

HERE = Path(__file__).parent
WORKERS = ("ada", "bob", "eve")
LINKS = [(worker, "server") for worker in WORKERS]


def build(simulation):
    simulation.host("server").start(Script(HERE / "server.py", "7000"))
    for name in WORKERS:
        simulation.host(name).start(Script(HERE / "worker.py", "server", "7000"))


def one_at_a_time(simulation):
    """In the order of time, the numbers of the leases that were worked under never go back."""
    notes = []
    for name in WORKERS:
        log = simulation.hosts[name].files / "work.log"
        for line in log.read_text().splitlines() if log.exists() else ():
            time, number = line.split()
            notes.append((float(time), int(number), name))
    notes.sort()
    return sorted(
        {
            f"{name} worked under lease {number} when {other} already had lease {newer}"
            for (_, newer, other), (_, number, name) in pairwise(notes)
            if number < newer
        }
    )


scenario = Scenario(
    about="Three workers share one lease, and a link to the server is slow at times.",
    build=build,
    duration_s=50.0,
    network=Profile(latency=Uniform(1.0, 10.0)),
    plan=befall(WORKERS, between(LINKS, slow_links(every_s=5.0, by_ms=3_000.0)), from_s=2.0, until_s=40.0),
    checks={"one at a time": one_at_a_time},
)
