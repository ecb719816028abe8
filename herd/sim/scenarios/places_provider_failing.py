"""The places provider fails, talks nonsense, is silent and is cut off; servers answer nevertheless."""

from collections.abc import Sequence

from herd.sim.herds.build import PLACES
from herd.sim.herds.placed import PLACES_AGAIN, found_again
from herd.sim.herds.places_server import Mood, PlacesMood
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import among, power_cuts, spells

MOODS: Sequence[Mood] = ("slow", "failing", "talking nonsense", "silent")

scenario = HerdScenario(
    about="The places provider fails in every way; what servers hold is answered nevertheless.",
    work=Work(ask_share=0.5),
    mishaps=[
        spells(lambda stream, _hosts: PlacesMood(stream.choice(MOODS)), every_s=4.0, longest_s=15.0),
        among([PLACES], power_cuts(every_s=15.0)),
    ],
    more_checks={PLACES_AGAIN: found_again},
).scenario()
