"""Every setting says why it has its value."""

from __future__ import annotations

import attrs
import pytest

from herd.config.model import Logging
from herd.config.reasons import reasons
from herd.core.limits import Limits


@pytest.mark.parametrize("cls", [Limits, Logging])
def test_every_setting_has_its_reason(cls: type) -> None:
    assert list(reasons(cls)) == [field.name for field in attrs.fields(cls)]


def test_a_reason_is_one_line() -> None:
    assert reasons(Limits)["heartbeat_s"] == "How often a link asks its neighbor for an acknowledgement."
    assert all("\n" not in reason for reason in reasons(Limits).values())
