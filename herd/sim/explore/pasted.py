"""A small history as a test in Python, to be pasted into somebody's suite."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.sim.explore.writing import WIDTH, classes, python
from herd.sim.scenario import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.sim.scenario import Step

OF_A_FILE: Final = "herd_scenario_"
"""How the modules of scenario files are called: no import statement finds those."""


def as_test(scenario: str, seed: int, steps: Sequence[Step], violations: Sequence[str] = ()) -> str:
    """Return a test that runs these steps of a scenario; what it was seen to violate is a comment in it."""
    return f"{imports(scenario, steps)}\n\n\n{function(scenario, seed, steps, violations)}"


def imports(scenario: str, steps: Sequence[Step]) -> str:
    """Return the import statements that the steps need."""
    by_module: dict[str, list[str]] = {"herd.sim.scenario": ["Step"] if steps else []}
    of_file = []
    known: dict[str, str] = {}
    for name, module in classes(steps).items():
        if not module.startswith(OF_A_FILE):
            by_module.setdefault(module, []).append(name)
            continue
        if module not in known:
            known[module] = _words(module.removeprefix(OF_A_FILE))
            of_file.append(f"{known[module]} = load_module({python(_file_of(module, scenario))})")
        of_file.append(f"{name} = {known[module]}.{name}")
    if of_file:
        by_module["herd.sim.scenario"].append("load_module")
    by_module["herd.sim.testing"] = ["Simulate"]
    lines = [
        f"from {module} import {', '.join(names)}" for module, names in sorted(by_module.items()) if names
    ]
    return "\n".join([*lines, *(["", *of_file] if of_file else [])])


def _file_of(module: str, scenario: str) -> str:
    """Return where a scenario's module was read from, as it is named from here."""
    file: str | None = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return scenario
    if Path(file).parent == SHIPPED:
        return Path(file).stem.replace("_", "-")
    return os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else file


def function(scenario: str, seed: int, steps: Sequence[Step], violations: Sequence[str] = ()) -> str:
    """Return the test without its imports."""
    name = f"test_{_words(scenario)}_with_seed_{seed}"
    lines = [f"def {name}(simulate: Simulate) -> None:"]
    if violations:
        lines += [f"    # {line}" for text in violations for line in _cut(text)]
    lines += ["    simulate(", f"        {_subject(scenario, steps)},", f"        seed={seed},"]
    lines += [f"        steps={_list(steps)},", "    )"]
    return "\n".join(lines) + "\n"


def _subject(scenario: str, steps: Sequence[Step]) -> str:
    """Return what is simulated: a name or, if steps are of its own classes, the module that those are of.

    Read twice, a file is two modules: what a step notes in a global of the one, no check finds in the other.
    """
    own = Path(scenario).absolute()
    for module in classes(steps).values():
        file: str | None = getattr(sys.modules.get(module), "__file__", None)
        if module.startswith(OF_A_FILE) and file is not None and Path(file).absolute() == own:
            return _words(module.removeprefix(OF_A_FILE))
    return python(scenario)


def _list(steps: Sequence[Step]) -> str:
    if not steps:
        return "[]"
    return "\n".join(["[", *(f"            {python(step)}," for step in steps), "        ]"])


def _words(scenario: str) -> str:
    stem = scenario.rpartition("/")[2].removesuffix(".py")
    words = re.sub(r"\W+", "_", stem).strip("_").lower()
    return f"_{words}" if words[:1].isdigit() else words


def _cut(text: str) -> list[str]:
    """Return a violation as lines of a comment: of a traceback its first and its last line are enough."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    few = lines if len(lines) <= 2 else [lines[0], lines[-1].strip()]  # noqa: PLR2004 - first and last
    return [line if len(line) <= WIDTH - 6 else f"{line[: WIDTH - 9]}..." for line in few]
