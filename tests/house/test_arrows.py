"""The checker of imports: each arrow that may not be, and the ways to write it."""

from __future__ import annotations

import pytest

from tests.house.arrows import KNOWS_HERDS, SUB_ROOMS_SEEN, global_reactors, wrong_arrows
from tests.house.finding import Source, checkout


def arrows(path: str, text: str) -> list[str]:
    return [finding.text for finding in wrong_arrows(Source.of(path, text))]


def reactors(text: str) -> list[str]:
    return [finding.text for finding in global_reactors(Source.of("herd/server/x.py", text))]


WRONG = [
    ("herd/core/x.py", "from herd.server import node"),
    ("herd/core/x.py", "import herd.config.model"),
    ("herd/core/x.py", "from herd import config"),
    ("herd/core/x.py", "from ..places import interfaces"),
    ("herd/core/x.py", "from .. import places"),
    ("herd/core/__init__.py", "from ..places import interfaces"),
    ("herd/core/x.py", "def late():\n    from herd.server.node import Node"),
    ("herd/core/x.py", "if TYPE_CHECKING:\n    from herd.server.node import Node"),
    ("herd/core/x.py", "importlib.import_module('herd.server.node')"),
    ("herd/core/x.py", "from twisted.internet.defer import Deferred"),
    ("herd/core/x.py", "import zope.interface"),
    ("herd/core/x.py", "import cattrs"),
    ("herd/places/x.py", "from herd.config.model import Places"),
    ("herd/places/x.py", "from herd.server.node import Node"),
    ("herd/config/x.py", "from herd.places.interfaces import IPlaces"),
    ("herd/server/x.py", "from herd.cli.main import main"),
    ("herd/server/x.py", "from herd.testing import Fake"),
    ("herd/server/x.py", "from herd.sim import fabric"),
    ("herd/sim/x.py", "from herd.cli.main import main"),
    ("herd/core/x.py", "from herd.sim.engine.clock import HostClock"),
    ("herd/config/x.py", "from herd.sim.scenario import Scenario"),
    ("herd/places/x.py", "def late():\n    import herd.sim.engine.current"),
    ("herd/server/x.py", "if TYPE_CHECKING:\n    from herd.sim.engine.process import Process"),
    ("herd/sim/engine/x.py", "from herd.core.errors import HerdError"),
    ("herd/sim/engine/x.py", "from herd.server.node import Node"),
    ("herd/sim/engine/x.py", "from herd.sim.scenario import Scenario"),
    ("herd/sim/engine/x.py", "from herd import sim"),
    ("herd/sim/engine/x.py", "from herd.sim import scenario"),
    ("herd/sim/engine/x.py", "from .. import mishaps"),
    ("herd/sim/engine/pins/x.py", "from herd.sim.herds.build import build_herd"),
    ("herd/sim/engine/pins/x.py", "from ...pictures import svg"),
    ("herd/sim/engine/__init__.py", "def late():\n    from herd.sim.explore.task import Task"),
    ("herd/sim/scenario.py", "from herd.core.limits import Limits"),
    ("herd/sim/scenario.py", "if TYPE_CHECKING:\n    from herd.sim.herds.build import SimulatedHerd"),
    ("herd/sim/scenario.py", "from herd.sim import herds"),
    ("herd/sim/scenario.py", "importlib.import_module('herd.sim.scenarios.grid_of_25')"),
    ("herd/sim/mishaps.py", "from herd.sim.herds import build"),
    ("herd/sim/explore/x.py", "from herd.server.node import Node"),
    ("herd/sim/explore/x.py", "from ..herds import build"),
    ("herd/sim/pictures/x.py", "from herd.core.record import Record"),
    ("herd/sim/testing.py", "from herd.sim.herds.build import build_herd"),
    ("herd/plugins/x.py", "from herd.server.node import Node"),
    ("herd/__init__.py", "from herd.core.record import Record"),
    ("herd/unheard_of/x.py", "from herd.core.record import Record"),
]


@pytest.mark.parametrize(("path", "text"), WRONG)
def test_a_wrong_arrow_is_found(path: str, text: str) -> None:
    assert len(arrows(path, text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("herd/core/x.py", "import re\nimport collections.abc\nimport attrs\nfrom attr import frozen"),
        (
            "herd/core/x.py",
            "from herd.core.record import Record\nfrom .wire import parse\nfrom . import cache",
        ),
        ("herd/core/x.py", "import herd\nfrom herd import __version__"),
        ("herd/core/__init__.py", "from .wire import parse"),
        ("herd/places/x.py", "from herd.core.position import Position\nimport treq"),
        ("herd/places/x.py", "import herd.plugins\nfrom herd import plugins"),
        ("herd/config/x.py", "from herd.core.limits import Limits\nimport cattrs"),
        (
            "herd/server/x.py",
            "from herd.config.model import Config\nfrom herd.places.interfaces import IPlaces",
        ),
        ("herd/cli/x.py", "from herd.server.node import Node\nfrom herd.testing import Fake"),
        ("herd/sim/engine/x.py", "from herd.sim.engine import trace\nfrom . import current\nimport herd"),
        ("herd/sim/engine/pins/x.py", "from herd.sim.engine.process import Process\nfrom .. import trace"),
        ("herd/sim/scenario.py", "from herd.sim.engine.chance import Chance\nfrom herd.sim import mishaps"),
        ("herd/sim/explore/x.py", "from herd.core.errors import HerdError\nfrom herd.sim import scenario"),
        ("herd/sim/pictures/x.py", "from herd.sim.engine.tracefile import read"),
        (
            "herd/sim/herds/x.py",
            "from herd.server.node import Node\nfrom herd.sim.scenarios import grid_of_25",
        ),
        ("herd/sim/scenarios/x.py", "from herd.sim.herds.scenarios import herd_scenario"),
        ("herd/plugins/x.py", "from herd.places.osm import provider"),
        ("herd/plugins/x.py", "def late():\n    from herd.server.node import Node"),
        ("herd/__main__.py", "from herd.cli.main import main"),
    ],
)
def test_a_right_arrow_passes(path: str, text: str) -> None:
    assert arrows(path, text) == []


def test_the_parts_that_see_less_are_there() -> None:
    paths = [path.removesuffix(".py") for path in checkout()]
    for part in (*SUB_ROOMS_SEEN, *KNOWS_HERDS):
        where = f"herd/{part.replace('.', '/')}"
        assert any(f"{path}/".startswith(f"{where}/") for path in paths), f"there is no {part}"


@pytest.mark.parametrize(
    "text",
    [
        "from twisted.internet import reactor",
        "from twisted.internet import reactor as world",
        "import twisted.internet.reactor",
        "from twisted.internet.reactor import callLater",
        "def late():\n    from twisted.internet import reactor",
        "from twisted.internet.threads import deferToThread",
        "from twisted.internet import threads\nthreads.deferToThread(print)",
        "from twisted.internet import task\ntask.cooperate([])",
        "import twisted.internet.task\ntwisted.internet.task.react(print)",
    ],
)
def test_reaching_for_the_global_reactor_is_found(text: str) -> None:
    assert len(reactors(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from twisted.internet import task\ntask.deferLater(reactor, 1)",
        "from twisted.internet.threads import deferToThreadPool",
        "def serve(reactor): reactor.callLater(1, print)",
    ],
)
def test_a_reactor_that_was_given_passes(text: str) -> None:
    assert reactors(text) == []
