"""One server is behind slow, narrow and lossy links, and stands still: the others must not wait for it."""

from herd.sim.herds.guests import narrow_links
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import among, between, lossy_links, pauses, slow_links

TO_WELSH = [("Alford", "Welsh"), ("Ball", "Welsh")]

scenario = HerdScenario(
    about="Welsh reads slowly, stands still, and is behind slow, narrow and lossy links.",
    guests=narrow_links,
    work=Work(crowd=2_000, crowd_every_s=15.0),
    mishaps=[
        between(TO_WELSH, slow_links(every_s=3.0, by_ms=5_000.0)),
        between(TO_WELSH, lossy_links(every_s=3.0)),
        among(["Welsh"], pauses(every_s=5.0, longest_s=6.0)),
    ],
).scenario()
