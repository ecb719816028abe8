"""Many programs of others at once, and the hash of what happened: run as a program, it prints that."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

from herd.sim.engine.programs import Plugin, Script, Tac
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
EXAMPLES = HERE / "twisted_examples"


def history(seed: int) -> str:
    """Run them for a virtual minute; return the hash of the trace."""
    trace = Trace()
    simulation = Simulation(seed, trace=trace)
    with tempfile.TemporaryDirectory() as pages:
        page = Path(pages) / "page.txt"
        page.write_text("over no wire " * 5000)
        os.utime(page, (0, 0))  # the server tells when it was changed
        server = simulation.host("server")
        server.start(Plugin("web", "--listen", "tcp:8080", "--path", pages))
        server.start(Tac(SCRIPTS / "irc.tac"))
        server.start(Script(EXAMPLES / "override_server.py"))
        for number in range(5):
            urls = ("http://server:8080/page.txt", "http://server:8080/gone")
            simulation.host(f"reader{number}").start(Script(SCRIPTS / "fetch.py", *urls))
        simulation.host("anna").start(Script(SCRIPTS / "chatter.py", "server", "anna", "secret", "#meadow"))
        simulation.run(3)
        simulation.host("bert").start(Script(SCRIPTS / "chatter.py", "server", "bert", "secret", "#meadow"))
        names = (server.address, "10053", "workstation7.example.org")
        simulation.host("asker").start(Script(SCRIPTS / "resolve.py", *names))
        adder = simulation.host("adder")
        adder.start(Script(EXAMPLES / "ampserver.py"))
        adder.start(Script(EXAMPLES / "ampclient.py"))
        simulation.run(60)
        codes = [process.exit_code for host in simulation.hosts.values() for process in host.processes]
        simulation.close()
    assert simulation.problems == []
    assert codes == [None] * 3 + [0] * 8 + [None, 0]
    return trace.digest()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(history(5))  # noqa: T201 - it is what it is for
