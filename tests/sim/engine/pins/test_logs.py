"""What a program does to the standard `logging` is its process's own; the real world keeps what it has."""

from __future__ import annotations

import gc
import logging
import logging.config
import weakref
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.pins.streams import hosted_streams
from herd.sim.engine.programs import Script
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation

logger = logging.getLogger("of.a.library")


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Script]:
    """Write a script that logs, and stops after two seconds."""

    def script(text: str, *argv: str) -> Script:
        file = tmp_path / "logs.py"
        begin = "import logging, sys, warnings\nfrom twisted.internet import reactor\n"
        end = "\nreactor.callLater(2, reactor.stop)\nreactor.run()\n"
        file.write_text(begin + dedent(text) + end)
        return Script(file, *argv)

    return script


def test_two_hosts_have_files_of_their_own(simulation: Simulation, script: Callable[..., Script]) -> None:
    program = script(
        """
        import os
        logging.basicConfig(filename="app.log", level=logging.INFO, format="%(name)s %(message)s")
        name = os.uname().nodename
        logging.info("hello from %s", name)
        logging.getLogger("part").setLevel(logging.ERROR if name == "one" else logging.INFO)
        reactor.callLater(1, logging.getLogger("part").info, "later")
        """
    )
    for name in ("one", "other"):
        simulation.host(name).start(program)
    simulation.run(200)
    texts = [(simulation.hosts[name].files / "app.log").read_text() for name in ("one", "other")]
    assert texts == ["root hello from one\n", "root hello from other\npart later\n"]


def test_a_program_begins_afresh_when_its_host_restarts(
    simulation: Simulation, script: Callable[..., Script]
) -> None:
    program = script(
        """
        handler = logging.StreamHandler(sys.stdout)
        logging.getLogger().addHandler(handler)
        logging.getLogger().addFilter(lambda record: "hush" not in record.msg)
        logging.warning("hello")
        logging.warning("hush")
        logging.getLogger("part").propagate = False
        logging.getLogger("part").disabled = True
        logging.disable(logging.CRITICAL)
        """
    )
    host = simulation.host("lone")
    host.start(program)
    simulation.run(100)
    host.restart()
    simulation.run(200)
    assert [process.output for process in (*host.ended, *host.processes)] == [["hello\n"], ["hello\n"]]
    assert logging.root.manager.disable == 0
    assert "part" not in logging.root.manager.loggerDict


def test_the_real_world_keeps_its_own(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    handlers = list(logging.root.handlers)
    with hosted(process):
        assert logging.root.handlers == []
        assert logging.root.level == logging.WARNING
        logging.root.setLevel(logging.ERROR)
        logger.setLevel(logging.CRITICAL)
        logger.error("not shown, and not captured")
        logging.basicConfig(force=True)
        logging.shutdown()
    assert logging.root.handlers == handlers
    logger.debug("captured")
    assert caplog.messages == ["captured"]


def test_a_configuration_closes_nobody_elses_handlers(process: Process, tmp_path: Path) -> None:
    real = logging.FileHandler(tmp_path / "real.log")
    real.set_name("file")
    with hosted(process):
        own = {"class": "logging.FileHandler", "filename": str(tmp_path / "own.log")}
        logging.config.dictConfig({"version": 1, "handlers": {"file": own}, "root": {"handlers": ["file"]}})
        logging.warning("of the process")  # noqa: LOG015 - the root is what is configured
        logging.shutdown()
    real.emit(logging.makeLogRecord({"msg": "of the real world"}))
    real.close()
    assert (tmp_path / "own.log").read_text() == "of the process\n"
    assert (tmp_path / "real.log").read_text() == "of the real world\n"
    assert not logger.disabled


def test_loggers_find_their_parents_in_each_process(simulation: Simulation, process: Process) -> None:
    with hosted(process):
        above = logging.getLogger("of")
        above.setLevel(logging.DEBUG)
        assert logger.parent is above
        assert above.parent is logging.root
        assert logger.getEffectiveLevel() == logging.DEBUG
        assert logging.getLogger("of") is above
        assert logging.getLogger("of.a.library") is logger
        assert logging.getLogger("of.a.library.part").parent is logger
    assert logger.parent is logging.root
    assert logging.getLogger("of.a.library").getEffectiveLevel() == logging.root.level
    simulation.close()
    gone = weakref.ref(above)
    del above
    gc.collect()
    assert gone() is None


def test_records_classes_and_names_of_levels(process: Process) -> None:
    class Own(logging.Logger):
        """A program's class."""

    def record(*args: object, **kwargs: object) -> logging.LogRecord:
        made = logging.LogRecord(*args, **kwargs)  # type: ignore[arg-type]
        made.msg = f"own {made.msg}"
        return made

    with hosted_streams(), hosted(process):
        logging.setLoggerClass(Own)
        logging.setLogRecordFactory(record)
        logging.addLevelName(5, "TRACE")
        assert type(logging.getLogger("owned")) is Own
        logging.getLogger("owned").warning("words %s", 1, extra={"more": 2})
        assert logging.getLevelName(5) == "TRACE"
        assert logging.getLogRecordFactory() is record
    assert process.output == ["own words 1\n"]
    assert logging.getLoggerClass() is not Own
    assert logging.getLogRecordFactory() is not record
    assert logging.getLevelName(5) == "Level 5"


def test_warnings_are_captured_by_who_asks(simulation: Simulation, script: Callable[..., Script]) -> None:
    text = """
        logging.basicConfig(stream=sys.stdout, format="%(name)s")
        logging.captureWarnings(bool(sys.argv[1:]))
        warnings.warn("mind")
        """
    one = simulation.host("one").start(script(text))
    other = simulation.host("other").start(script(text, "capture"))
    simulation.run(100)
    assert other.output == ["py.warnings\n"]
    assert one.output[0].endswith("UserWarning: mind\n")
