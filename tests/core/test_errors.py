"""What the errors hold."""

from __future__ import annotations

import pytest

from herd.core.errors import ConfigError, HerdError, LinkError


@pytest.mark.parametrize("error", [ConfigError(["a", "b"]), LinkError("the link")])
def test_everything_that_a_person_can_mend_is_a_herd_error(error: HerdError) -> None:
    assert isinstance(error, HerdError)


def test_a_config_error_has_a_line_for_each_problem() -> None:
    error = ConfigError(["name: is missing", "servers.Ball: has no neighbor"])
    assert str(error) == "name: is missing\nservers.Ball: has no neighbor"
    assert error.problems == ["name: is missing", "servers.Ball: has no neighbor"]
