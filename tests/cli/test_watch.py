"""What `herd up` tells, look by look; no process and no socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from herd.cli.control import Standing
from herd.cli.processes import Death
from herd.cli.watch import AGAIN_UP_S, FIRST_UP_S, Watch
from tests.cli.conftest import Herd, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("Alford", "Ball")


class Looks:
    """A watch over two servers, looked at as a test says."""

    def __init__(self, herd: Herd, names: tuple[str, ...] = NAMES) -> None:
        self.herd = herd
        self.names = names
        self.watch = Watch(herd.config, names, 100.0)
        self.pids: dict[str, int | None] = {"Alford": 1, "Ball": 2}

    def up(self, name: str, **told: object) -> Standing:
        return Standing(name, status=status_of(self.herd, name, **{"pid": self.pids[name], **told}))

    def look(self, now_s: float, *standings: Standing) -> list[str]:
        return [f"{each.event}: {each.text}" for each in self.watch.look(standings, self.pids, 100.0 + now_s)]

    def look_at_all_up(self, now_s: float) -> list[str]:
        return self.look(now_s, *(self.up(name) for name in self.names))


@pytest.fixture
def looks(make_herd: Callable[..., Herd]) -> Looks:
    return Looks(make_herd())


def death(name: str, *, killed: bool = True, again_in_s: float = 0.0) -> Death:
    return Death(
        name=name,
        pid=2,
        cause="signal 9" if killed else "exit status 1",
        killed=killed,
        last_lines=("what", "it said"),
        again_in_s=again_in_s,
    )


def at(looks: Looks, name: str) -> str:
    return f"clients at {looks.herd.at(name)}"


def test_each_server_comes_up_once_and_then_the_links(looks: Looks) -> None:
    silent = Standing("Ball", error="not running here")
    assert looks.look(0.1, looks.up("Alford"), silent) == [f"up: Alford is up (pid 1), {at(looks, 'Alford')}"]
    connecting = looks.up("Ball", neighbors=[{"name": "Alford", "state": "connecting"}])
    assert looks.look(0.2, looks.up("Alford"), connecting) == [f"up: Ball is up (pid 2), {at(looks, 'Ball')}"]
    assert not looks.watch.whole
    assert looks.look_at_all_up(0.3) == ["links-up: Every link is up."]
    assert looks.watch.whole
    assert looks.look_at_all_up(0.4) == []


def test_a_server_that_is_not_the_process_started_here_is_not_up(looks: Looks) -> None:
    looks.pids["Alford"] = None
    stranger = Standing("Alford", status=status_of(looks.herd, "Alford", pid=77))
    assert looks.look(0.1, stranger) == []
    looks.pids["Alford"] = 1
    assert looks.look(0.2, stranger) == []


def test_what_is_missing_is_told_after_a_while_and_again_when_it_changes(looks: Looks) -> None:
    silent = Standing("Ball", error="no answer in 2 s")
    looks.look(0.1, looks.up("Alford"), silent)
    assert looks.look(FIRST_UP_S, looks.up("Alford"), silent) == []
    assert looks.look(FIRST_UP_S + 1, looks.up("Alford"), silent) == [
        "missing: Still not up: Ball (starting)"
    ]
    assert looks.look(FIRST_UP_S + 2, looks.up("Alford"), silent) == []
    refused = looks.up("Ball", neighbors=[{"name": "Alford", "state": "down", "error": "wrong secret"}])
    assert looks.look(FIRST_UP_S + 3, looks.up("Alford"), refused) == [
        f"up: Ball is up (pid 2), {at(looks, 'Ball')}",
        "missing: Still not up: Alford-Ball (Ball says: wrong secret)",
    ]
    assert looks.look_at_all_up(FIRST_UP_S + 4) == ["links-up: Every link is up."]


def test_a_server_that_dies_comes_back_under_a_new_pid(looks: Looks) -> None:
    looks.look_at_all_up(1.0)
    died = looks.watch.died(death("Ball"), 101.5)
    assert (died.event, died.text) == ("died", "Ball died (signal 9), starting it again")
    assert died.facts == {"server": "Ball", "pid": 2, "cause": "signal 9", "lines": []}
    assert looks.watch.notes == {"Ball": "died (signal 9), starting again"}
    looks.pids["Ball"] = 3
    silent = Standing("Ball", error="not running: it died")
    assert looks.look(2.0, looks.up("Alford"), silent) == []
    assert looks.look_at_all_up(3.0) == [
        f"back: Ball is back (pid 3), {at(looks, 'Ball')}",
        "links-up: Every link is up.",
    ]


def test_a_death_that_nobody_caused_shows_last_lines_and_the_wait(looks: Looks) -> None:
    looks.look_at_all_up(1.0)
    died = looks.watch.died(death("Ball", killed=False, again_in_s=4.0), 101.5)
    assert died.text == (
        "Ball died (exit status 1), starting it again in 4 s\n  Ball | what\n  Ball | it said"
    )
    assert died.facts["lines"] == ["what", "it said"]


def test_a_server_that_was_never_up_cannot_start(looks: Looks) -> None:
    looks.look(1.0, looks.up("Alford"))
    failed = looks.watch.died(death("Ball", killed=False), 101.5)
    assert failed.event == "failed"
    assert failed.text == "Ball cannot start (exit status 1)\n  Ball | what\n  Ball | it said"


def test_a_link_that_goes_down_is_told_if_it_stays_down(looks: Looks) -> None:
    looks.look_at_all_up(1.0)
    cut = looks.up("Ball", neighbors=[{"name": "Alford", "state": "down", "error": "silent for 8 s"}])
    assert looks.look(10.0, looks.up("Alford"), cut) == []
    assert looks.look(10.0 + AGAIN_UP_S, looks.up("Alford"), cut) == []
    assert looks.look(11.0 + AGAIN_UP_S, looks.up("Alford"), cut) == [
        "missing: Still not up: Alford-Ball (Ball says: silent for 8 s)"
    ]
    assert looks.look_at_all_up(20.0) == ["links-up: Every link is up."]


def test_links_to_servers_that_are_not_run_here_are_not_waited_for(make_herd: Callable[..., Herd]) -> None:
    looks = Looks(make_herd(), ("Alford",))
    neighbor = {"name": "Ball", "state": "connecting", "error": "connection refused"}
    assert looks.look(1.0, looks.up("Alford", neighbors=[neighbor])) == [
        f"up: Alford is up (pid 1), {at(looks, 'Alford')}",
        "links-up: There are no links to wait for.",
    ]
