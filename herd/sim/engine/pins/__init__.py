"""Pins: what would leak the real world into a hosted program is answered by the simulation instead.

A hosted program is production code. It asks for the time, draws random numbers, reads its environment,
prints and sets handlers of signals as ever; and some of that differs from run to run. So one dispatcher
stands, for good, in the place of each function that leaks. It asks `current.process`: while nobody is
hosted the original answers, as if nothing had been done; else the process that is running does. What no
simulation can answer (a real socket, a thread, a subprocess) is an `Escape`, an error that names the line
and says what to use instead.

`install` puts all of them there, early or late: names that other modules have bound are found and replaced.
"""

from herd.sim.engine.pins.escapes import Escape, escape
from herd.sim.engine.pins.hashseed import pin_hash_seed
from herd.sim.engine.pins.install import install
from herd.sim.engine.pins.pin import outside

__all__ = ["Escape", "escape", "install", "outside", "pin_hash_seed"]
