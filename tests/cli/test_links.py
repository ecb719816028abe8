"""Links: what there should be, what is down, who is far away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.cli.control import Standing
from herd.cli.links import farthest, links_among, why_down
from tests.cli.conftest import RING, Herd, status_of

if TYPE_CHECKING:
    from collections.abc import Callable


def test_each_link_of_the_ring_is_listed_once_in_the_order_of_the_file(
    make_herd: Callable[..., Herd],
) -> None:
    config = make_herd(RING).config
    assert links_among(config, config.names) == (
        ("Alford", "Hamilton"),
        ("Alford", "Welsh"),
        ("Ball", "Holiday"),
        ("Ball", "Welsh"),
        ("Hamilton", "Holiday"),
    )
    assert links_among(config, ("Alford", "Ball", "Welsh")) == (("Alford", "Welsh"), ("Ball", "Welsh"))
    assert links_among(config, ("Alford",)) == ()


def test_a_link_is_up_when_both_ends_say_so(make_herd: Callable[..., Herd]) -> None:
    herd = make_herd()
    link = ("Alford", "Ball")
    up = {name: Standing(name, status=status_of(herd, name)) for name in link}
    assert why_down(link, up) is None

    def with_ball(**told: object) -> dict[str, Standing]:
        neighbor = {"name": "Alford", **told}
        return {**up, "Ball": Standing("Ball", status=status_of(herd, "Ball", neighbors=[neighbor]))}

    assert why_down(link, with_ball(state="connecting", error=None)) == "Ball says: connecting"
    assert (
        why_down(link, with_ball(state="down", error="connection refused")) == "Ball says: connection refused"
    )
    assert why_down(link, with_ball()) == "Ball says: no such neighbor"
    assert why_down(link, {**up, "Alford": Standing("Alford", error="died")}) == "Alford is down"


def test_what_a_status_says_of_neighbors_may_be_nonsense() -> None:
    for nonsense in (None, 3, "up", [3], [{"state": "up"}]):
        assert Standing("Alford", status={"neighbors": nonsense}).neighbors == {}


def test_the_farthest_server_is_the_last_of_those_with_most_links_between(
    make_herd: Callable[..., Herd],
) -> None:
    config = make_herd(RING).config
    assert farthest(config, config.names, "Alford") == "Holiday"
    assert farthest(config, ("Alford", "Hamilton", "Ball"), "Alford") == "Hamilton"
    assert farthest(config, ("Alford",), "Alford") == "Alford"
