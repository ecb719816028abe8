"""Every limit has a least value, and the defaults are in proportion."""

from __future__ import annotations

import math
from typing import Any

import attrs
import pytest

from herd.core.limits import Limits

LEAST: dict[str, Any] = {"line_bytes": 256, "link_write_bytes": 1024, "shutdown_s": 0.0}
"""Where the least is not one of something, or the smallest time above none."""


@pytest.mark.parametrize("limit", attrs.fields(Limits), ids=lambda limit: limit.name)
def test_every_limit_has_a_least_value(limit: attrs.Attribute[Any]) -> None:
    least: Any = LEAST.get(limit.name, 1 if isinstance(limit.default, int) else math.ulp(0.0))
    assert getattr(Limits(**{limit.name: least}), limit.name) == least
    outside: list[Any] = [least - 1, -1, math.nan]
    for below in outside:
        with pytest.raises(ValueError, match=limit.name):
            Limits(**{limit.name: below})


def test_the_defaults_are_in_proportion() -> None:
    limits = Limits()
    assert limits.client_id_bytes < limits.line_bytes
    assert limits.reconnect_min_s < limits.reconnect_max_s
    assert limits.link_silence_s == 4 * limits.heartbeat_s
    assert limits.handshake_timeout_s < limits.link_silence_s


def test_limits_do_not_change() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Limits().line_bytes = 1  # type: ignore[misc]
