"""Programs: what runs on a host, started as the real world starts it, and none of it changed.

Plugin("web", "--path", "/srv")     what `twistd -n web --path /srv` runs
Tac("chat.tac")                     what `twistd -ny chat.tac` runs
Script("server.py", "8000")         what `python server.py 8000` runs, with its own `reactor.run()`
Module("game.server", "8000")       what `python -m game.server 8000` runs
Call(function, 8000)                `function(reactor, 8000)`
"""

from herd.sim.engine.programs.call import Call
from herd.sim.engine.programs.ends import Program
from herd.sim.engine.programs.scripts import Module, Script
from herd.sim.engine.programs.services import Plugin, Tac

__all__ = ["Call", "Module", "Plugin", "Program", "Script", "Tac"]
