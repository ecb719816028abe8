"""A scenario: hosts, what happens to them and what they are asked to do, and what must be true of it.

A scenario is a small Python file with a `Scenario` called `scenario` in it. Its plan is data, drawn from the
seed before anything runs: a list of steps, each a fault or a piece of work at a time. So a history that fails
can be run again with fewer steps, and printed.
"""

from __future__ import annotations

import importlib.util
import math
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from attrs import field, frozen, has
from attrs.validators import ge

from herd.sim.engine import hosting
from herd.sim.engine.chance import Chance
from herd.sim.engine.identity import with_identity
from herd.sim.engine.profile import Profile
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from types import ModuleType

SHIPPED: Final = Path(__file__).with_name("scenarios")


class Action(Protocol):
    """What a step does: a fault (`herd.sim.engine.faults`), or work. Its `repr` is Python that makes it."""

    def begin(self, simulation: Simulation, /) -> None:
        """Do it."""

    def end(self, simulation: Simulation, /) -> None:
        """Take it back, where that can be done."""


@frozen
class Step:
    """Something that happens at a time, and that is taken back `for_s` later where it lasts."""

    at_s: float
    action: Action
    for_s: float | None = None

    def __attrs_post_init__(self) -> None:
        if not (0.0 <= self.at_s < math.inf and 0.0 <= (self.for_s or 0.0) < math.inf):
            raise ValueError(f"a step at {self.at_s} s, for {self.for_s} s: give times from 0 on")
        if not has(type(self.action)):
            raise TypeError(
                f"{type(self.action).__name__} is no attrs class: what a step does must be one, so that it "
                "can be printed, and the history shrunk"
            )

    @property
    def until_s(self) -> float:
        """When it is over."""
        return self.at_s + (self.for_s or 0.0)


Check: TypeAlias = Callable[[Simulation], Sequence[str]]
"""Looks at a simulation that has ended, and returns a sentence for each violation."""


def _no_steps(chance: Chance) -> Sequence[Step]:  # noqa: ARG001 - what all plans take
    return ()


def _no_figures(simulation: Simulation) -> Mapping[str, Any]:  # noqa: ARG001 - what all reports take
    return {}


@frozen(kw_only=True)
class Scenario:
    """What is simulated, and judged."""

    about: str
    """One sentence, shown in lists."""
    build: Callable[[Simulation], object]
    """Makes the hosts and starts their programs; what it returns is `simulation.scene`."""
    duration_s: float = field(validator=ge(0.0))
    """How long it runs in virtual time, unless its last step ends later."""
    settle_s: float = field(default=15.0, validator=ge(0.0))
    """How long it goes on after the last step is over: more than the longest back-off and heartbeat together,
    so that what is not well by then will not be."""
    network: Profile = field(factory=Profile)
    """What links are like that say nothing else."""
    plan: Callable[[Chance], Sequence[Step]] = _no_steps
    """Draws faults and work: `chance.stream("faults")` and the like."""
    checks: Mapping[str, Check] = field(factory=dict)
    """What must be true, by name."""
    finish: Callable[[Simulation], None] | None = None
    """Called when the steps are over and all has settled, to ask what the checks want to know; then the run
    goes on for `last_look_s`."""
    last_look_s: float = 10.0
    has_settled: Callable[[Simulation], bool] | None = None
    """Asked each second once the steps are over: if all has settled, the rest of the time for that is left
    out. Whatever it looks at, it must change nothing."""
    has_answered: Callable[[Simulation], bool] | None = None
    """Asked likewise after `finish`: whether the rest of `last_look_s` can be left out."""
    figures: Callable[[Simulation], Mapping[str, Any]] = _no_figures
    """What the report tells besides: JSON."""
    allows_problems: bool = False
    """Whether hosted programs may log failures that nobody handled."""


class ScenarioError(Exception):
    """A scenario that cannot be read; the text says which file, and what to do."""


def shipped() -> list[str]:
    """Return the names of the scenarios that come with herd."""
    return sorted(path.stem.replace("_", "-") for path in SHIPPED.glob("[a-z]*.py"))


def load_scenario(name: str | ModuleType) -> Scenario:
    """Read a shipped scenario by its name, or a file by its path; a `ScenarioError` says why it cannot be.

    Of a module that `load_module` has returned, return its scenario.
    """
    module: Any = load_module(name) if isinstance(name, str) else name
    scenario = getattr(module, "scenario", None)
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"{module.__file__} has no `scenario = Scenario(...)` in it")
    return scenario


def load_module(name: str) -> Any:
    """Run the file of a scenario, named likewise; return it as a module, for the actions that it defines."""
    path = SHIPPED / f"{name.replace('-', '_')}.py"
    if not path.exists():
        path = Path(name)
    if not path.is_file():
        raise ScenarioError(f"there is no scenario {name}; {_what_there_is()}")
    if path.suffix == ".py" and "scenario" not in path.read_text(encoding="utf-8", errors="replace"):
        # Most likely the program that is to be simulated: it would run its reactor, for real.
        raise ScenarioError(f"{path} has no `scenario = Scenario(...)` in it, and was not run")
    _reach(path)
    module_name = f"herd_scenario_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ScenarioError(f"{path} is no Python file; a scenario is one, with a `scenario = Scenario(...)`")
    hosting.install()  # first: then what the module and its imports bind are pins
    module = importlib.util.module_from_spec(spec)
    vars(module)["__builtins__"] = with_identity()
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        place = f"{path}{_line_in(path, error)}"
        raise ScenarioError(f"{place} cannot be read: {type(error).__name__}: {error}") from error
    return module


def _reach(path: Path) -> None:
    """Let a scenario import, and host, what lies beside it: as a script can, and however herd was started."""
    directory = str(path.absolute().parent)
    if path.parent != SHIPPED and directory not in sys.path:
        sys.path.append(directory)


def _line_in(path: Path, error: BaseException) -> str:
    """Return `:LINE` for the last line of a file that an error passed; nothing if it passed none."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename in {str(path), str(path.absolute())}]
    return f":{lines[-1]}" if lines else ""


def _what_there_is() -> str:
    names = shipped()
    return f"there are {', '.join(names)}, or give a file" if names else "give a file"
