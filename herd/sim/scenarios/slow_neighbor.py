"""One server is behind slow, narrow and lossy links: the others must not wait for it."""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import among, between, lossy_links, pauses, slow_links

TO_WELSH = [("Alford", "Welsh"), ("Ball", "Welsh")]

scenario = HerdScenario(
    about="Welsh reads slowly, stands still, and is behind slow and lossy links.",
    mishaps=[
        between(TO_WELSH, slow_links(every_s=3.0, by_ms=5_000.0)),
        between(TO_WELSH, lossy_links(every_s=3.0)),
        among(["Welsh"], pauses(every_s=5.0)),
    ],
).scenario()
