"""The five servers of the specification on a calm network: what all others are measured against."""

from herd.sim.herds.scenarios import HerdScenario

scenario = HerdScenario(about="Five servers, and nothing goes wrong.").scenario()
