"""What a server may be called."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from service_identity.hazmat import DNS_ID

from herd.config.names import certificate_name_problem, name_problem


@pytest.mark.parametrize("name", ["Alford", "a", "server-1", "a.b", "Zürich", "牧群", "é" * 32, "a" * 64])
def test_names_that_are_right(name: str) -> None:
    assert name_problem(name) is None


@given(st.text())
@example("\u00a0")
@example("a\x00")
@example("a\u200b")
@example("a\x85b")
def test_a_right_name_is_one_word_and_one_file(name: str) -> None:
    if name_problem(name) is None:
        assert name.encode().split() == [name.encode()]
        assert name.split() == [name]
        assert "/" not in name
        assert name not in {".", ".."}
        assert len(f"{name}.log".encode()) <= 255


NO_WORDS = (
    "is not made of letters, digits and hyphens, in words of 63 at most that dots part "
    "and no hyphen begins or ends"
)
NO_NAME = "would be taken for an address, as its last word is a number"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Alford", None),
        ("alford-2.example.org", None),
        ("7.a", None),
        ("a" * 63, None),
        ("a" * 64, NO_WORDS),
        ("Zürich", NO_WORDS),
        ("host_1", NO_WORDS),
        ("-a", NO_WORDS),
        ("a-.b", NO_WORDS),
        ("a..b", NO_WORDS),
        ("a.", NO_WORDS),
        ("*.a", NO_WORDS),
        ("a\n", NO_WORDS),
        ("", NO_WORDS),
        ("10.0.0.1", NO_NAME),
        ("42", NO_NAME),
        ("a.5", NO_NAME),
        (".".join(["a" * 63] * 4), "is longer than 253 characters"),
    ],
)
def test_names_in_a_certificate(name: str, expected: str | None) -> None:
    assert certificate_name_problem(name) == expected


@given(st.text("aZ09.-_", max_size=12) | st.text())
@example("10.0.0.1")
@example("1")
def test_a_right_name_is_one_that_neighbors_can_compare(name: str) -> None:
    if certificate_name_problem(name) is None:
        assert DNS_ID(name).hostname == name.lower().encode()
