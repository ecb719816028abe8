"""Every limit has a least value, and the defaults are in proportion."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest

from herd.core.limits import Limits

LEAST: dict[str, Any] = {
    "line_bytes": 256,
    "client_id_bytes": 1,
    "answers_waiting": 1,
    "clients_held": 1,
    "link_write_bytes": 1024,
    "shutdown_s": 0,
    "places_in_flight": 1,
}


@pytest.mark.parametrize("name", [limit.name for limit in attrs.fields(Limits)])
def test_every_limit_has_a_least_value(name: str) -> None:
    least: Any = LEAST.get(name, math.ulp(0.0))
    assert getattr(Limits(**{name: least}), name) == least
    outside: list[Any] = [least - 1, -1, math.nan]
    for below in outside:
        with pytest.raises(ValueError, match=name):
            Limits(**{name: below})


def test_the_defaults_are_in_proportion() -> None:
    limits = Limits()
    assert limits.client_id_bytes < limits.line_bytes
    assert limits.reconnect_min_s < limits.reconnect_max_s
    assert limits.link_silence_s == 4 * limits.heartbeat_s
    assert limits.handshake_timeout_s < limits.link_silence_s


def test_limits_do_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Limits().line_bytes = 1  # type: ignore[misc]
