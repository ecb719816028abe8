"""The five servers of the specification on a calm network: what all others are measured against."""

from herd.sim.herds.news import EXACT, differences_are_exact
from herd.sim.herds.scenarios import HerdScenario

scenario = HerdScenario(
    about="Five servers, and nothing goes wrong.",
    more_checks={EXACT: differences_are_exact},
).scenario()
