"""The rules of the house, held over every file. They only ever get stricter.

What may break a rule stands in `EXCEPTIONS` with its reason, and must go from there as soon as it no longer
does. The checkers themselves are in `tests/house`, with tests that see each of them find something.
"""

from __future__ import annotations

import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import herd
from tests.house import arrows, sets, shape, worlds
from tests.house.finding import ROOT, c_sources, checkout, is_python_script, python_sources, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.house.finding import Finding, Source

HOSTED = ("core", "config", "places", "server", "sim")
"""The rooms that a simulation hosts, which must be the same at every run."""

EXCEPTIONS: dict[str, dict[str, str]] = {
    "nothing is put off": {"tests/house/test_shape.py": "it spells what the checker must find"},
    "no path of a machine": {"tests/house/test_shape.py": "it spells what the checker must find"},
    "the reactor is an argument": {"herd/sim/engine/globalreactor.py": "it puts the global reactor there"},
    "a module says what it is": {
        f"tests/sim/foreign/twisted_examples/{name}.py": "an example of Twisted's, unchanged"
        for name in ("ampclient", "ampserver", "echoclient", "echoclient_udp", "echoserv", "echoserv_udp")
    },
    "time and chance are arguments": {
        "herd/sim/engine/identity.py": "its numbers of objects are keys, and nobody walks them",
        "herd/sim/engine/pins/chance.py": "it names the generator that it pins",
        "herd/sim/engine/pins/clocks.py": "it names the clocks that it pins",
        "herd/sim/engine/pins/dates.py": "it names the clock that it pins",
        "herd/sim/engine/pins/hashes.py": "it keeps the hashes of objects that were there before it",
        "herd/sim/engine/pins/real.py": "it keeps the real clocks for the simulator itself",
    },
}
"""By rule, then by place: the reason why it stands there nevertheless."""


def in_herd(source: Source) -> bool:
    return source.path.startswith("herd/")


def hosted(source: Source) -> bool:
    is_outside = source.path == "herd/server/tap.py" or source.path.startswith("herd/sim/explore/")
    return source.room in HOSTED and not is_outside


def reactor_free(source: Source) -> bool:
    return in_herd(source) and source.room != "cli" and source.path != "herd/server/tap.py"


def anywhere(_source: Source) -> bool:
    return True


def over_sources(where: Callable[[Source], bool], rule: Callable[[Source], list[Finding]]) -> list[Finding]:
    return [finding for source in python_sources() if where(source) for finding in rule(source)]


def over_texts(rule: Callable[[str, str], list[Finding]]) -> list[Finding]:
    texts = ((path, text_of(path)) for path in checkout())
    return [finding for path, text in texts if text is not None for finding in rule(path, text)]


def over_c(rule: Callable[[str, str], list[Finding]]) -> list[Finding]:
    return [finding for path, text in c_sources() for finding in rule(path, text)]


def long_files() -> list[Finding]:
    python = [(source.path, source.text) for source in python_sources()]
    return [finding for path, text in (*python, *c_sources()) for finding in shape.long_files(path, text)]


def walks() -> list[Finding]:
    herd = [source for source in python_sources() if in_herd(source)]
    return sets.walks([source for source in herd if hosted(source)], known=herd)


RULES: dict[str, Callable[[], list[Finding]]] = {
    "imports follow the arrows": lambda: over_sources(in_herd, arrows.wrong_arrows),
    "the reactor is an argument": lambda: over_sources(reactor_free, arrows.global_reactors),
    "time and chance are arguments": lambda: over_sources(hosted, worlds.leaks),
    "no set is walked": walks,
    "a file has at most 400 lines": long_files,
    "a function has at most 50 lines": lambda: over_sources(anywhere, shape.long_functions),
    "a function in C has at most 50 lines": lambda: over_c(shape.long_c_functions),
    "a module says what it is": lambda: over_sources(anywhere, shape.silent_modules),
    "a file in C says what it is": lambda: over_c(shape.silent_c_files),
    "a public name says what it is": lambda: over_sources(in_herd, shape.silent_names),
    "nothing is put off": lambda: over_texts(shape.unfinished),
    "no path of a machine": lambda: over_texts(shape.machine_paths),
}


@cache
def findings(rule: str) -> tuple[Finding, ...]:
    return tuple(sorted(RULES[rule]()))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_holds(rule: str) -> None:
    excused = EXCEPTIONS.get(rule, {})
    breaches = [str(finding) for finding in findings(rule) if finding.place not in excused]
    assert not breaches, f"{rule}:\n" + "\n".join(breaches)


def test_every_exception_is_still_needed() -> None:
    excused = [(rule, place) for rule, places in EXCEPTIONS.items() for place in places]
    idle = [each for each in excused if each[1] not in {finding.place for finding in findings(each[0])}]
    assert not idle, f"take these out of EXCEPTIONS: {idle}"


def test_every_exception_has_a_reason() -> None:
    assert all(reason.strip() for places in EXCEPTIONS.values() for reason in places.values())


def test_every_room_has_its_arrows() -> None:
    rooms = {source.room for source in python_sources() if in_herd(source)}
    assert rooms - set(arrows.ROOMS_SEEN) == set()


def test_scripts_in_python_are_linted_and_typed() -> None:
    pyproject: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    scripts = [
        path
        for path in checkout()
        if not path.endswith(".py") and (text := text_of(path)) is not None and is_python_script(path, text)
    ]
    typed = pyproject["tool"]["mypy"]["files"]
    assert sorted(pyproject["tool"]["ruff"]["extend-include"]) == scripts
    assert sorted(path for path in typed if path.startswith("scripts")) == ["scripts", *scripts]


def test_the_version_is_the_same_everywhere() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = next(line for line in changelog.splitlines() if line.startswith("## "))
    assert pyproject["project"]["version"] == herd.__version__
    assert herd.__version__ in newest


def test_what_a_person_types_is_executable() -> None:
    scripts = [path for path in checkout() if (text_of(path) or "").startswith("#!")]
    assert [path for path in scripts if not (ROOT / path).stat().st_mode & 0o100] == []
