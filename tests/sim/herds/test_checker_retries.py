"""Reports that are said again: what was made of them before is the answer, where the server still has it."""

from __future__ import annotations

from typing import Any

import pytest

from herd.core.limits import Limits
from herd.sim.herds.circumstances import Outage
from tests.sim.herds.stories import S, Story, record


@pytest.mark.parametrize(
    ("where", "shown", "circumstances", "is_wrong"),
    [
        pytest.param("Alford", record("10", 5.5), {}, True, id="it was said again"),
        pytest.param("Alford", record("10", 1.5), {}, False, id="the first is the answer"),
        pytest.param("Ball", record("10", 5.5, origin="Ball"), {}, False, id="another server did not know"),
        pytest.param(
            "Alford", record("10", 5.5), {"outages": [Outage("Alford", 3 * S, 4 * S)]}, False, id="forgotten"
        ),
        pytest.param(
            "Alford", record("10", 5.5), {"limits": Limits(record_lifetime_s=3.0)}, False, id="expired"
        ),
    ],
)
def test_a_report_that_is_said_again_is_answered_with_the_first_record(
    where: str, shown: bytes, circumstances: dict[str, Any], is_wrong: bool
) -> None:
    story = Story()
    story.report(story.session("Alford"), "10", 1, 2, record("10", 1.5))
    story.report(story.session(where), "10", 5, 6, shown)
    assert story.names(**circumstances) == ([("made again", (0, 1))] if is_wrong else [])


def test_a_record_that_a_server_has_from_another_one_is_not_made_again() -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    story.ask(ball, 3, 4, record("10", 1.5))
    story.report(ball, "10", 5, 6, record("10", 5.5, origin="Ball"))
    assert story.names() == [("made again", (1, 2))]


def test_a_report_may_be_said_again_after_one_of_the_same_time_took_its_place() -> None:
    story = Story()
    alford = story.session("Alford")
    story.report(alford, "10", 1, 2, record("10", 1.5, position="+1-1"))
    story.report(alford, "10.0", 3, 4, record("10.0", 3.5, position="+2-2"), position="+2-2")
    story.report(alford, "10", 5, 6, record("10", 5.5, position="+1-1"))
    assert story.names() == []
