# The compiled parts of the engine: the same as in the modules that they come from here.
from herd.sim.engine.agenda import Agenda as Agenda
from herd.sim.engine.delays import Delays as Delays
from herd.sim.engine.dispatcher import Dispatcher as Dispatcher
from herd.sim.engine.draws import Draws as Draws
from herd.sim.engine.owner import Owner as Owner
from herd.sim.engine.plaindatagrams import PlainRoute as PlainRoute
from herd.sim.engine.plaindatagrams import PlainSocket as PlainSocket
from herd.sim.engine.plaintimer import PlainTimer as PlainTimer
from herd.sim.engine.plaintransport import PlainTransport as PlainTransport
from herd.sim.engine.rows import Rows as Rows
from herd.sim.engine.streams import PlainEnd as PlainEnd
from herd.sim.engine.streams import PlainPipe as PlainPipe
from herd.sim.engine.ticking import Ticking as Ticking
from herd.sim.engine.timeline import Timeline as Timeline

def use_large_pages() -> None: ...
