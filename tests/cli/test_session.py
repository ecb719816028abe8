"""The session: what it sends, what it shows, and every way in which an answer can be wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from herd.cli.session import Exchange, check_iamat, check_whatsat, run_session
from tests.cli.conftest import PAIR

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Herd, Scripted

REPORT = "kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450"
AT = f"AT Alford +0.000263873 {REPORT}"
NOW_NS = 1479413884392014450


def place(name: str = "Westwood", latitude: float = 34.05, longitude: float = -118.44) -> dict[str, Any]:
    return {"name": name, "geometry": {"location": {"lat": latitude, "lng": longitude}}}


def found(*places: object, status: str = "OK", **more: object) -> str:
    return json.dumps({"html_attributions": [], "results": list(places), "status": status, **more})


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        (f"{AT}\n", True),
        (f"AT Alford -12.000263873 {REPORT}\n", True),
        (f"AT Ball +0.000263873 {REPORT}\n", False),
        (f"AT Alford 0.000263873 {REPORT}\n", False),
        (f"AT Alford +0.00026387 {REPORT}\n", False),
        (f"{AT}0\n", False),
        (AT, False),
        (f"{AT}\r\n", False),
        (f"? IAMAT {REPORT}\n", False),
        ("", False),
    ],
)
def test_an_iamat_is_answered_with_the_servers_own_at_line(answer: str, is_right: bool) -> None:
    problems = check_iamat(Exchange("Alford", f"IAMAT {REPORT}", answer))
    assert problems == ([] if is_right else ["Alford did not answer the IAMAT with its own AT line"])


@pytest.mark.parametrize(
    ("answer", "problems"),
    [
        (f"{AT}\n{found(*[place()] * 5)}\n\n", []),
        (f"{AT}1\n{found(place())}\n\n", ["Ball does not have the AT line that the client was given"]),
        ("? WHATSAT\n", ["Ball does not have the AT line that the client was given"]),
        (f"{AT}\n[]\n\n", ["Ball gives JSON that is no object"]),
        (f"{AT}\n{found(place())}\n", ["Ball does not end its answer with two newlines"]),
        (f"{AT}\n{found()}\n\n", ["Ball found no places, status OK"]),
        (
            f"{AT}\n{found(status='REQUEST_DENIED', error_message='no key')}\n\n",
            ["Ball found no places, status REQUEST_DENIED: no key"],
        ),
        (f"{AT}\n{found(*[place()] * 6)}\n\n", ["Ball gives 6 places, more than 5"]),
        (
            f"{AT}\n{found(place('Pasadena', 34.1478, -118.1445))}\n\n",
            ["Ball gives Pasadena, 29.0 km away, more than 10"],
        ),
        (f"{AT}\n{found('Westwood')}\n\n", ["Ball gives a place without a location: Westwood"]),
    ],
)
def test_what_can_be_wrong_with_a_whatsat(answer: str, problems: list[str]) -> None:
    assert check_whatsat(Exchange("Ball", "WHATSAT kiwi.cs.ucla.edu 10 5", answer), AT) == problems


def test_an_answer_that_is_no_json() -> None:
    (problem,) = check_whatsat(Exchange("Ball", "WHATSAT", f"{AT}\n{{\n\n"), AT)
    assert problem.startswith("what Ball says after the AT line is no JSON: ")


class Told:
    """What was told, word by word."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.texts: list[str] = []

    def __call__(self, event: str, text: str, **_: object) -> None:
        self.events.append(event)
        self.texts.append(text)


@pytest.fixture
def herd(make_herd: Callable[..., Herd]) -> Herd:
    return make_herd(PAIR)


def serve(herd: Herd, answer_clients: Callable[..., Scripted], name: str, *answers: str) -> Scripted:
    """Have a stand-in answer its first connections so, and all further ones as the last of them."""
    left = list(answers)
    port = herd.config.server(name).clients.dial.port
    return answer_clients(lambda _: (left.pop(0) if len(left) > 1 else left[0]).encode(), port=port)


def test_a_session_is_a_transcript_of_two_lines_and_their_answers(
    herd: Herd, answer_clients: Callable[..., Scripted]
) -> None:
    alford = serve(herd, answer_clients, "Alford", f"{AT}\n")
    ball = serve(herd, answer_clients, "Ball", f"{AT}\n{found(place())}\n\n")
    told = Told()
    assert run_session(herd.config, ("Alford", "Ball"), told, lambda: NOW_NS)
    assert alford.got == [f"IAMAT {REPORT}\n".encode()]
    assert ball.got == [b"WHATSAT kiwi.cs.ucla.edu 10 5\n"]
    assert told.texts == [
        f"\nAlford, {herd.at('Alford')}\n> IAMAT {REPORT}\n{AT}",
        f"\nBall, {herd.at('Ball')}\n> WHATSAT kiwi.cs.ucla.edu 10 5\n{AT}\n{found(place())}",
        "\nEvery answer is right: Ball has the AT line that Alford gave, and no place is farther than 10 km.",
    ]


def test_a_server_that_has_not_heard_yet_is_asked_again_and_that_is_told(
    herd: Herd, answer_clients: Callable[..., Scripted]
) -> None:
    serve(herd, answer_clients, "Alford", f"{AT}\n")
    unknown = "? WHATSAT kiwi.cs.ucla.edu 10 5\n"
    serve(herd, answer_clients, "Ball", unknown, unknown, f"{AT}\n{found(place())}\n\n")
    told = Told()
    assert run_session(herd.config, ("Alford", "Ball"), told, lambda: NOW_NS)
    assert told.events == ["exchange", "asked-again", "exchange", "right"]
    assert told.texts[1].startswith("\n(Ball did not know kiwi.cs.ucla.edu yet: asked 3 times in ")


def test_a_server_that_never_hears_is_given_up(
    herd: Herd, answer_clients: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herd.cli.session.FLOOD_S", 0.05)
    serve(herd, answer_clients, "Alford", f"{AT}\n")
    serve(herd, answer_clients, "Ball", "? WHATSAT kiwi.cs.ucla.edu 10 5\n")
    told = Told()
    assert not run_session(herd.config, ("Alford", "Ball"), told, lambda: NOW_NS)
    assert told.events == ["exchange", "asked-again", "exchange", "wrong"]
    assert told.texts[3] == "\nNot right: Ball does not have the AT line that the client was given"


def test_a_server_that_is_gone_is_a_problem_not_an_accident(herd: Herd) -> None:
    told = Told()
    assert not run_session(herd.config, ("Alford", "Ball"), told, lambda: NOW_NS)
    assert told.events == ["wrong"]
    assert told.texts[0].startswith(f"\nNot right: {herd.at('Alford')} cannot be reached")
