"""A herd that has settled is judged at once, and one that has not gets its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.faults import Crash, LinkDown
from herd.sim.explore.run import Outcome, Run
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Tell, Work
from herd.sim.scenario import Step

if TYPE_CHECKING:
    from herd.sim.scenario import Action

WORK_S = 4.0
SETTLE_S = 15.0
LAST_LOOK_S = 10.0
REPORT = "IAMAT kiwi +34.068930-118.445127 1767225602.5"


def outcome(*steps: Step, waits: bool = False) -> Outcome:
    scenario = HerdScenario(
        about="A herd with little to do.",
        waits=waits,
        work=Work(clients=1, report_every_s=1.0),
        more_steps=lambda _: steps,
        duration_s=WORK_S,
        settle_s=SETTLE_S,
        last_look_s=LAST_LOOK_S,
    ).scenario()
    return Run(scenario, 1).run()


def test_a_herd_that_has_settled_is_not_waited_for() -> None:
    quick = outcome()
    assert quick.violations == ()
    assert "converges" in quick.checked
    # The steps' end, three seconds of rest, the last questions, and three seconds of rest again.
    assert quick.virtual_s <= WORK_S + 2 * (3 + 2)


def test_a_herd_waits_if_it_is_to() -> None:
    assert outcome(waits=True).virtual_s == WORK_S + SETTLE_S + LAST_LOOK_S


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(Crash("Ball"), id="a server is dead"),
        pytest.param(LinkDown("Alford", "Welsh"), id="a link is down"),
    ],
)
def test_a_herd_that_has_not_settled_gets_its_time(what: Action) -> None:
    """What begins without an end is a piece of work, as far as the run knows: nothing takes it back."""
    assert outcome(Step(3.0, what)).virtual_s == WORK_S + SETTLE_S + LAST_LOOK_S


def test_a_server_that_nobody_reaches_is_no_server_that_runs_well() -> None:
    cut = [Step(3.0, LinkDown("auditor", "Ball"))]
    assert [(each.check, each.text) for each in outcome(*cut).violations] == [
        ("every server runs", "Ball could not be reached at the end")
    ]


def test_a_client_that_waits_for_its_answer_keeps_the_herd_waiting() -> None:
    cut: list[Any] = [
        Step(3.5, LinkDown("kiwi's host", "Ball")),
        Step(3.6, Tell("kiwi's host", "Ball", REPORT)),
    ]
    first = Tell("kiwi's host", "Ball", REPORT)
    waiting = outcome(Step(2.5, first), *cut)
    assert waiting.virtual_s == WORK_S + SETTLE_S + LAST_LOOK_S
