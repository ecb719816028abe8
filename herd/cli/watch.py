"""What `herd up` has to tell: each look at the servers is compared with the one before.

Pure: looks, deaths and the time come in, happenings go out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define, field, frozen

from herd.cli.control import Standing
from herd.cli.links import Link, links_among, why_down
from herd.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from herd.cli.processes import Death

FIRST_UP_S: Final = 30.0
"""How long servers and links may take at the start until what is missing is told: five servers take two or
three seconds, on a busy machine ten."""

AGAIN_UP_S: Final = 5.0
"""The same later on: a server that died is back in this time, and so are its links."""


@frozen
class Happening:
    """Something worth telling: a word and facts for a program, a text for a person."""

    event: str
    text: str
    facts: dict[str, Any] = field(factory=dict)


@define(eq=False)
class Watch:
    """A herd as it was last seen."""

    _config: Config
    _names: tuple[str, ...]
    _began_s: float
    standings: dict[str, Standing] = field(init=False)
    """What each server last said."""
    notes: dict[str, str] = field(init=False)
    """Why a server that is not up is not up, where that is known better than from its silence."""
    whole: bool = False
    """Whether every server and every link was up at the last look."""
    _links: tuple[Link, ...] = field(init=False)
    _seen_up: dict[str, int] = field(factory=dict)
    """Each server that was up, with the pid that it had."""
    _was_whole: bool = False
    _broken_since_s: float = Factory(lambda self: self._began_s, takes_self=True)
    _missing_told: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        self.standings = {name: Standing(name, error="starting") for name in self._names}
        self.notes = dict.fromkeys(self._names, "starting")
        self._links = links_among(self._config, self._names)

    def look(
        self, found: Iterable[Standing], pids: Mapping[str, int | None], now_s: float
    ) -> list[Happening]:
        """Take in what the servers say now, and which process each should be; return what changed."""
        happenings: list[Happening] = []
        for each in found:
            self.standings[each.name] = each
            pid = pids[each.name]
            told_pid = None if each.status is None else each.status.get("pid")
            if pid is not None and told_pid == pid and self._seen_up.get(each.name) != pid:
                happenings.append(self._came_up(each.name, pid))
        return happenings + self._look_at_whole(now_s)

    def _came_up(self, name: str, pid: int) -> Happening:
        event, verb = ("back", "is back") if name in self._seen_up else ("up", "is up")
        self._seen_up[name] = pid
        self.notes.pop(name, None)
        at = str(self._config.server(name).clients.dial)
        text = f"{name} {verb} (pid {pid}), clients at {at}"
        return Happening(event, text, {"server": name, "pid": pid, "clients": at})

    def _look_at_whole(self, now_s: float) -> list[Happening]:
        missing = self._missing()
        if not missing:
            was, self.whole, self._was_whole, self._missing_told = self.whole, True, True, ()
            text = "Every link is up." if self._links else "There are no links to wait for."
            return [] if was else [Happening("links-up", text)]
        self._break(now_s)
        patience_s = AGAIN_UP_S if self._was_whole else FIRST_UP_S
        if now_s - self._broken_since_s <= patience_s or tuple(missing) == self._missing_told:
            return []
        self._missing_told = tuple(missing)
        text = f"Still not up: {', '.join(missing.values())}"
        return [Happening("missing", text, {"missing": list(missing)})]

    def _break(self, now_s: float) -> None:
        if self.whole:
            self.whole, self._broken_since_s = False, now_s

    def _missing(self) -> dict[str, str]:
        """Return the servers and links that are not up, each with the words that say so."""
        found: dict[str, str] = {}
        for name, standing in self.standings.items():
            why = self.notes.get(name) or standing.error
            if why is not None:
                found[name] = f"{name} ({why})"
        for one, other in self._links:
            why = why_down((one, other), self.standings)
            if why is not None and one not in found and other not in found:
                found[f"{one}-{other}"] = f"{one}-{other} ({why})"
        return found

    def died(self, death: Death, now_s: float) -> Happening:
        """Take in that a process ended: `failed` if its server was never up, else `died`."""
        self._break(now_s)
        name = death.name
        own_words = tuple(line for line in death.last_lines if line.startswith("herd: "))
        lines = () if death.killed else own_words or death.last_lines
        shown = "".join(f"\n  {name} | {line}" for line in lines)
        facts = {"server": name, "pid": death.pid, "cause": death.cause, "lines": list(lines)}
        if name not in self._seen_up:
            return Happening("failed", f"{name} cannot start ({death.cause}){shown}", facts)
        when = f" in {death.again_in_s:.0f} s" if death.again_in_s else ""
        self.notes[name] = f"died ({death.cause}), starting again{when}"
        return Happening("died", f"{name} died ({death.cause}), starting it again{when}{shown}", facts)
