"""The simulator: hosts unmodified Twisted programs in virtual time, on a network that can be broken.

`engine` knows no herd, `explore` searches seeds, `pictures` draws what happened, `herds` builds herds to be
hosted, `scenarios` are the ones that come with it. What a scenario file needs most can be had from here:

    from herd.sim import Profile, Scenario, Script, Uniform
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from herd.sim.engine.profile import Constant, Exponential, LogNormal, Profile, Uniform
    from herd.sim.engine.programs import Call, Module, Plugin, Script, Tac
    from herd.sim.engine.simulation import Simulation
    from herd.sim.scenario import Scenario, Step

__all__ = [
    "Call",
    "Constant",
    "Exponential",
    "LogNormal",
    "Module",
    "Plugin",
    "Profile",
    "Scenario",
    "Script",
    "Simulation",
    "Step",
    "Tac",
    "Uniform",
]

_PLACES: Final = ("engine.profile", "engine.programs", "engine.simulation", "scenario")


def __getattr__(name: str) -> Any:
    """Import late: the engine takes a third of a second, which much of what is below needs not."""
    if name in __all__:
        for place in _PLACES:
            module = import_module(f"{__name__}.{place}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
