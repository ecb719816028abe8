"""A server's log: exact lines, none that a client forged, and a full disk that costs lines alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import implementer

from herd.config.model import Config, Logging, Tls
from herd.core.errors import ConfigError
from herd.server.eventlog import EventLog, Peer, escape, open_event_log
from herd.server.logfile import RotatingFile
from tests.server.parts import ClientSide, world_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = Peer("client", "127.0.0.1:50514")
LINK = Peer("link", "Ball [::1]:12581")
NO_TLS = Tls(directory=Path())
NOW = "2016-11-17T20:18:04.655887Z"


class Book:
    """A log that is written into a list, one entry a write; while `is_full`, every write fails."""

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.writes: list[str] = []
        self.is_full = False
        self.log = EventLog(
            "Alford", world_of(self.clock), self.write, **{"lines": True, "as_json": False, **options}
        )

    def write(self, text: str) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.writes.append(text)

    def turn(self) -> None:
        self.clock.advance(0)

    @property
    def text(self) -> str:
        self.turn()
        return "".join(self.writes)


@pytest.fixture
def process_log() -> Iterator[list[str]]:
    """What operators see in the log of the process."""
    texts: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event["log_namespace"] == "herd":
            texts.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield texts
    globalLogPublisher.removeObserver(observe)


def log_everything(log: EventLog) -> None:
    log.opened(CLIENT)
    log.got(CLIENT, [b"IAMAT kiwi +1-1 1\r\n", b"x"])
    log.sent(CLIENT, [b"? x\n"])
    log.refused(LINK, "is of herd 'b\N{LATIN SMALL LETTER E WITH ACUTE}'")
    log.closed(LINK, "Connection was closed cleanly.")
    log.note("link to Ball is up")


def test_the_text_form_is_exact() -> None:
    book = Book()
    log_everything(book.log)
    assert book.text == (
        f"{NOW} client 127.0.0.1:50514 opened\n"
        f"{NOW} client 127.0.0.1:50514 got IAMAT kiwi +1-1 1\n"
        f"{NOW} client 127.0.0.1:50514 got x\n"
        f"{NOW} client 127.0.0.1:50514 sent ? x\n"
        f"{NOW} link Ball [::1]:12581 refused is of herd 'b\\xc3\\xa9'\n"
        f"{NOW} link Ball [::1]:12581 closed Connection was closed cleanly.\n"
        f"{NOW} server Alford note link to Ball is up\n"
    )


def test_the_json_form_is_exact() -> None:
    book = Book(as_json=True)
    log_everything(book.log)
    client = {"time": NOW, "server": "Alford", "kind": "client", "peer": "127.0.0.1:50514"}
    link = {"time": NOW, "server": "Alford", "kind": "link", "peer": "Ball [::1]:12581"}
    assert [json.loads(line) for line in book.text.splitlines()] == [
        {**client, "event": "opened"},
        {**client, "event": "got", "text": "IAMAT kiwi +1-1 1"},
        {**client, "event": "got", "text": "x"},
        {**client, "event": "sent", "text": "? x"},
        {**link, "event": "refused", "text": "is of herd 'b\\xc3\\xa9'"},
        {**link, "event": "closed", "text": "Connection was closed cleanly."},
        {**client, "kind": "server", "peer": "Alford", "event": "note", "text": "link to Ball is up"},
    ]


def test_without_lines_the_rest_is_still_logged() -> None:
    book = Book(lines=False)
    log_everything(book.log)
    assert [line.split(" ")[-1] for line in book.text.splitlines()] == [
        "opened",
        "'b\\xc3\\xa9'",
        "cleanly.",
        "up",
    ]


def test_lines_of_one_turn_are_written_together() -> None:
    book = Book()
    log_everything(book.log)
    assert book.writes == []
    book.turn()
    assert len(book.writes) == 1
    assert not book.clock.getDelayedCalls()


def test_a_note_is_in_the_log_of_the_process_too(process_log: list[str]) -> None:
    book = Book()
    book.log.opened(CLIENT)
    book.log.note("link to Ball is up")
    assert process_log == ["Alford: link to Ball is up"]


@given(line=st.binary(), as_json=st.booleans())
@example(line=b"x\n2016-11-17T20:18:04.655887Z client 1.2.3.4:5 sent forged", as_json=False)
@example(line=b"x\r\x1b[2K\x1b[31mforged\x00\x7f\x85\xe2\x80\xa8", as_json=False)
@example(line="\N{RIGHT-TO-LEFT OVERRIDE}".encode(), as_json=True)
def test_no_client_can_forge_a_line_or_color_a_terminal(line: bytes, as_json: bool) -> None:
    book = Book(as_json=as_json)
    book.log.got(CLIENT, [line])
    assert book.text.count("\n") == 1
    assert book.text.endswith("\n")
    assert all(" " <= character <= "~" for character in book.text[:-1])


@given(st.binary(), st.binary())
def test_two_lines_look_alike_only_if_they_are(one: bytes, other: bytes) -> None:
    assert (escape(one) == escape(other)) is (one.rstrip(b"\r\n") == other.rstrip(b"\r\n"))


def test_whatever_a_client_sends_makes_two_lines_of_log() -> None:
    alford = ClientSide()
    client = alford.connect(b"IAMAT \x1b[31m\xff\x00\r +1-1 1\n")
    alford.turn()
    assert client.take().endswith(b" \x1b[31m\xff\x00 +1-1 1\n")
    assert [line.split(" ", 3)[3] for line in "".join(alford.logged).splitlines()] == [
        "opened",
        "got IAMAT \\x1b[31m\\xff\\x00\\x0d +1-1 1",
        "sent AT Alford +1479413883.655887836 \\x1b[31m\\xff\\x00 +1-1 1",
    ]


def test_a_row_of_reports_is_logged_line_by_line() -> None:
    alford = ClientSide()
    alford.connect(b"IAMAT a +1-1 1\nIAMAT b +1-1 2\nIAMAT c +1-1 3\n")
    alford.turn()
    assert [line.split(" ", 3)[3] for line in "".join(alford.logged).splitlines()] == [
        "opened",
        "got IAMAT a +1-1 1",
        "got IAMAT b +1-1 2",
        "got IAMAT c +1-1 3",
        "sent AT Alford +1479413883.655887836 a +1-1 1",
        "sent AT Alford +1479413882.655887836 b +1-1 2",
        "sent AT Alford +1479413881.655887836 c +1-1 3",
    ]


def test_a_disk_that_was_full_is_told_of_when_it_has_space_again(process_log: list[str]) -> None:
    book = Book()
    book.is_full = True
    for count in (2, 3):
        book.log.got(CLIENT, [b"x"] * count)
        book.turn()
    assert process_log == ["Alford: cannot write its log: [Errno 28] No space left on device"]
    book.is_full = False
    book.log.got(CLIENT, [b"y"])
    assert book.text == (
        f"{NOW} server Alford note 5 log lines were lost\n{NOW} client 127.0.0.1:50514 got y\n"
    )
    book.log.got(CLIENT, [b"z"])
    assert book.text.endswith(f" got y\n{NOW} client 127.0.0.1:50514 got z\n")


def test_a_real_full_disk_costs_log_lines_and_no_answer(process_log: list[str]) -> None:
    alford = ClientSide()
    full = RotatingFile(Path("/dev/full"), 1_000_000, 1)
    alford.context = evolve(
        alford.context,
        log=EventLog("Alford", alford.context.world, full.write, full.close, lines=True, as_json=False),
    )
    client = alford.connect(b"x\n")
    alford.turn()
    client.receive(b"y\n")
    alford.turn()
    assert client.take() == b"? x\n? y\n"
    assert process_log == ["Alford: cannot write its log: [Errno 28] No space left on device"]
    alford.context.log.close()


def test_a_closed_log_has_written_everything_and_takes_no_more() -> None:
    book = Book()
    book.log.note("stopped")
    book.log.close()
    book.log.closed(CLIENT, "too late")
    assert book.text == f"{NOW} server Alford note stopped\n"


def test_the_file_is_made_with_its_directory_for_the_owner_alone(tmp_path: Path) -> None:
    clock = Clock()
    config = Config(name="testers", servers=(), state=tmp_path / "state", tls=NO_TLS)
    log = open_event_log(config, "Alford", world_of(clock))
    log.opened(CLIENT)
    clock.advance(0)
    path = tmp_path / "state" / "Alford.log"
    assert path.read_text() == f"{NOW} client 127.0.0.1:50514 opened\n"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    log.close()


def test_the_configuration_says_where_how_and_how_much(tmp_path: Path) -> None:
    clock = Clock()
    config = Config(
        name="testers",
        servers=(),
        state=tmp_path,
        tls=NO_TLS,
        logging=Logging(
            directory=tmp_path / "logs", format="json", lines=False, rotate_bytes=1000, keep_files=2
        ),
    )
    log = open_event_log(config, "Alford", world_of(clock))
    for _ in range(50):
        log.opened(CLIENT)
        log.got(CLIENT, [b"x"])
        clock.advance(0)
    log.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["Alford.log", "Alford.log.1", "Alford.log.2"]
    assert all(file.stat().st_size < 1200 for file in files)
    assert all(
        json.loads(line)["event"] == "opened" for file in files for line in file.read_text().splitlines()
    )


def test_a_file_that_cannot_be_made_says_what_to_change(tmp_path: Path) -> None:
    in_the_way = tmp_path / "state"
    in_the_way.touch()
    config = Config(name="testers", servers=(), state=in_the_way / "deeper", tls=NO_TLS)
    with pytest.raises(ConfigError) as caught:
        open_event_log(config, "Alford", world_of(Clock()))
    assert str(caught.value) == (
        f"cannot write the log file {in_the_way}/deeper/Alford.log: Not a directory; "
        "set [logging] directory, or state"
    )
