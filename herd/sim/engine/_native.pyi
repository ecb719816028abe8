# The compiled parts of the engine: the same as agenda.Agenda and draws.Draws.
from herd.sim.engine.agenda import Agenda as Agenda
from herd.sim.engine.draws import Draws as Draws

def use_large_pages() -> None: ...
