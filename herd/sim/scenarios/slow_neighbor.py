"""One server is behind slow, narrow and lossy links, and stands still: the others must not wait for it."""

from herd.sim.engine.profile import Profile
from herd.sim.herds.build import TOWN
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import among, between, lossy_links, pauses, slow_links

TO_WELSH = [("Alford", "Welsh"), ("Ball", "Welsh")]

# Kernels that hold 8 KiB, and crowds that take 150: a writer is paused each time.
NARROW = Profile(latency=TOWN.latency, window_bytes=8 * 1024)

scenario = HerdScenario(
    about="Welsh reads slowly, stands still, and is behind slow, narrow and lossy links.",
    network=NARROW,
    work=Work(crowd=2_000, crowd_every_s=15.0),
    mishaps=[
        between(TO_WELSH, slow_links(every_s=3.0, by_ms=5_000.0)),
        between(TO_WELSH, lossy_links(every_s=3.0)),
        among(["Welsh"], pauses(every_s=5.0, longest_s=6.0)),
    ],
).scenario()
