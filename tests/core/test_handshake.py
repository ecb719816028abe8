"""Two machines that test each other, and one machine that hears every wrong thing."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.core.errors import LinkError
from herd.core.handshake import (
    HANDSHAKE_LINE_BYTES,
    PROTOCOL_VERSION,
    Handshake,
    Hello,
    Identity,
    State,
)

if TYPE_CHECKING:
    from herd.core.handshake import Role

SECRET = b"correct horse battery staple"
PEERS = ("Ball", "Hamilton", "Welsh")
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters=" \n", exclude_categories=["Cs"]), min_size=1, max_size=64
)


NAMES = ("herd", "sender", "receiver", "instance", "nonce")


def identity(name: str, secret: bytes | None = SECRET, herd: str = "herd") -> Identity:
    return Identity(herd=herd, name=name, instance=f"{name}-1", secret=secret)


def dialer(secret: bytes | None = SECRET, *, nonce: str = "d1", herd: str = "herd") -> Handshake:
    """Ball, who dials Alford."""
    return Handshake("dialer", identity("Ball", secret, herd), ["Alford"], nonce)


def acceptor(secret: bytes | None = SECRET, *, nonce: str = "a1") -> Handshake:
    """Alford, who may be dialed by any of its neighbors."""
    return Handshake("acceptor", identity("Alford", secret), PEERS, nonce)


def hello(**changes: Any) -> bytes:
    """Return the line with which Ball dials Alford, but for the changes; without its ending."""
    right = Hello(
        version=PROTOCOL_VERSION, herd="herd", sender="Ball", receiver="Alford", instance="Ball-1", nonce="d1"
    )
    return attrs.evolve(right, **changes).to_line()[:-1]


def converse(one: Handshake, other: Handshake) -> list[bytes]:
    """Let two machines talk until neither has anything to say; return what was said."""
    said: list[bytes] = []
    hearer, speaker, words = other, one, one.start()
    assert other.start() == b""
    while words:
        said.append(words)
        assert words.endswith(b"\n")
        assert words.count(b"\n") == 1
        hearer, speaker, words = speaker, hearer, hearer.receive(words[:-1])
    return said


def refused(machine: Handshake, line: bytes, why: str) -> None:
    """Check that a line ends the handshake for good, for a reason that names no secret."""
    with pytest.raises(LinkError, match=why) as caught:
        machine.receive(line)
    assert SECRET.decode() not in str(caught.value)
    assert machine.state is State.FAILED
    for again in (line, hello(), b""):
        with pytest.raises(LinkError, match="is over"):
            machine.receive(again)


# Two machines


def test_two_neighbors_of_a_herd_without_a_secret_greet_each_other() -> None:
    one, other = dialer(None), acceptor(None)
    assert converse(one, other) == [
        b"HERD 1 herd Ball Alford Ball-1 d1\n",
        b"HERD 1 herd Alford Ball Alford-1 a1\n",
    ]
    assert (one.state, one.peer, one.peer_instance) == (State.DONE, "Alford", "Alford-1")
    assert (other.state, other.peer, other.peer_instance) == (State.DONE, "Ball", "Ball-1")


def test_two_neighbors_prove_that_they_know_the_secret() -> None:
    one, other = dialer(), acceptor()
    greetings = b"HERD 1 herd Ball Alford Ball-1 d1\n", b"HERD 1 herd Alford Ball Alford-1 a1\n"
    proofs = (
        hmac.new(SECRET, b"herd link proof\n" + role + b"\n" + b"".join(greetings), sha256).hexdigest()
        for role in (b"dialer", b"acceptor")
    )
    assert converse(one, other) == [*greetings, *(b"PROOF %b\n" % proof.encode() for proof in proofs)]
    assert (one.state, one.peer, one.peer_instance) == (State.DONE, "Alford", "Alford-1")
    assert (other.state, other.peer, other.peer_instance) == (State.DONE, "Ball", "Ball-1")


@given(WORDS, WORDS, WORDS, WORDS, st.none() | st.binary(min_size=1))
def test_any_two_neighbors_come_to_an_end(
    herd: str, name: str, peer: str, nonce: str, secret: bytes | None
) -> None:
    one = Handshake("dialer", identity(name, secret, herd), [peer], nonce)
    other = Handshake("acceptor", identity(peer, secret, herd), [name], nonce)
    assert len(converse(one, other)) == (2 if secret is None else 4)
    assert (one.state, other.state) == (State.DONE, State.DONE)
    assert (one.peer, other.peer) == (peer, name)


@pytest.mark.parametrize("secret", [None, SECRET])
@pytest.mark.parametrize("extra", [b"", b"PROOF x", b"AT Ball", hello()])
def test_a_handshake_that_is_over_takes_no_more_lines(secret: bytes | None, extra: bytes) -> None:
    one, other = dialer(secret), acceptor(secret)
    converse(one, other)
    for machine in (one, other):
        with pytest.raises(LinkError, match="the handshake is over"):
            machine.receive(extra)
        assert machine.state is State.DONE


# Greetings


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (hello(version=2), "speaks link protocol 2, this server 1"),
        (hello(version=0), "speaks link protocol 0"),
        (hello(herd="flock"), "is of herd 'flock', this server of 'herd'"),
        (hello(herd="Herd"), "is of herd 'Herd'"),
        (hello(receiver="Welsh"), "looks for 'Welsh', this server is 'Alford'"),
        (hello(receiver="alford"), "looks for 'alford'"),
        (hello(sender="Eve"), "says it is 'Eve', which is not expected here"),
        (hello(sender="ball"), "says it is 'ball'"),
        (hello(sender="Alford"), "says it is 'Alford'"),
        (hello(sender="Bal\x1b[2Jl"), r"says it is 'Bal\\x1b\[2Jl'"),
    ],
)
def test_an_acceptor_says_nothing_to_a_stranger(line: bytes, why: str) -> None:
    machine = acceptor()
    refused(machine, line, why)
    assert machine.peer is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (hello(sender="Alford", receiver="Ball", version=7), "speaks link protocol 7"),
        (hello(sender="Alford", receiver="Ball", herd="flock"), "is of herd 'flock'"),
        (hello(sender="Alford", receiver="Welsh"), "looks for 'Welsh'"),
        (hello(sender="Welsh", receiver="Ball"), "says it is 'Welsh'"),
        (hello(), "looks for 'Alford', this server is 'Ball'"),
    ],
)
@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_dialer_goes_on_only_with_whom_it_dialed(secret: bytes | None, line: bytes, why: str) -> None:
    machine = dialer(secret)
    machine.start()
    refused(machine, line, why)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"HERD", b"HERD 1", b"herd 1 herd Ball Alford i n", b"PROOF 1 herd Ball Alford i n"),
        *(b"HERD 1 herd Ball Alford i", b"HERD 1 herd Ball Alford i n x", b"HERD 1 herd Ball Alford i n "),
        *(b" HERD 1 herd Ball Alford i n", b"HERD  1 herd Ball Alford i", b"HERD\t1 herd Ball Alford i n x"),
        *(b"HERD one herd Ball Alford i n", b"HERD +1 herd Ball Alford i n", b"HERD -1 herd Ball Alford i n"),
        *(
            b"HERD 1.0 herd Ball Alford i n",
            b"HERD \xd9\xa1 herd Ball Alford i n",
            b"HERD 1_0 h Ball Alford i n",
        ),
        *(b"\xff", b"HERD 1 herd Ball Alford i \xff", b"\x00" * 7, b"\x16\x03\x01\x02", b"GET / HTTP/1.1"),
        *(b"HERD " + b"1" * 5000 + b" herd Ball Alford i n", b"x" * (HANDSHAKE_LINE_BYTES + 1)),
        b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450",
        b"AT Ball +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450",
    ],
)
def test_garbage_ends_the_handshake(line: bytes) -> None:
    for machine in (dialer(), acceptor()):
        machine.start()
        refused(machine, line, "handshake")


@given(st.binary(max_size=HANDSHAKE_LINE_BYTES + 9))
def test_any_bytes_are_refused_with_an_error_of_ours(line: bytes) -> None:
    greeted_dialer, greeted_acceptor = awaiting_proof("dialer")[0], awaiting_proof("acceptor")[0]
    fresh_dialer = dialer()
    fresh_dialer.start()
    for machine in (fresh_dialer, acceptor(), greeted_dialer, greeted_acceptor):
        with pytest.raises(LinkError):
            machine.receive(line)
        assert machine.state is State.FAILED


@given(st.builds(Hello, version=st.integers(0, 10**9), **dict.fromkeys(NAMES, WORDS)))
def test_a_greeting_reads_as_it_was_written(greeting: Hello) -> None:
    line = greeting.to_line()
    assert line.endswith(b"\n")
    assert Hello.from_line(line[:-1]) == greeting


def test_the_longest_greeting_of_a_configured_herd_fits() -> None:
    name, number = "𐐷" * 64, "f" * 64
    line = Hello(version=1, herd=name, sender=name, receiver=name, instance=number, nonce=number).to_line()
    assert len(line) <= HANDSHAKE_LINE_BYTES


# Proofs


def awaiting_proof(role: Role) -> tuple[Handshake, bytes]:
    """Return a machine that waits for a proof, and the right one."""
    one, other = dialer(), acceptor()
    proof = one.receive(other.receive(one.start()[:-1])[:-1])[:-1]
    if role == "acceptor":
        return other, proof
    return one, other.receive(proof)[:-1]


ROLES: list[Role] = ["dialer", "acceptor"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "wrong",
    [
        *(
            b"",
            b"PROOF",
            b"PROOF ",
            b"PROOF  ",
            b"proof x",
            b"HERD x",
            b"PROOF " + b"0" * 64,
            b"PROOF \xff\xfe",
        ),
        *(hello(), b"PING 1", b"AT Ball +0.263873386 kiwi +34-118 1479413884.392014450"),
    ],
)
def test_a_wrong_proof_ends_the_handshake(role: Role, wrong: bytes) -> None:
    machine, _ = awaiting_proof(role)
    refused(machine, wrong, "did not prove that it is (Ball|Alford): the secrets differ")


@pytest.mark.parametrize("role", ROLES)
def test_nothing_near_the_right_proof_will_do(role: Role) -> None:
    _, proof = awaiting_proof(role)
    flipped = proof[:-1] + (b"0" if proof.endswith(b"1") else b"1")
    for near in (flipped, proof[:-1], proof + b"0", proof + b" ", proof + b"\r", b" " + proof, proof.upper()):
        machine, right = awaiting_proof(role)
        assert right == proof
        refused(machine, near, "did not prove")
    machine, _ = awaiting_proof(role)
    machine.receive(proof)
    assert machine.state is State.DONE


def test_a_machine_that_was_given_a_wrong_proof_takes_no_right_one() -> None:
    machine, proof = awaiting_proof("acceptor")
    refused(machine, b"PROOF guess", "did not prove")
    with pytest.raises(LinkError, match="is over"):
        machine.receive(proof)


@pytest.mark.parametrize("theirs", [b"guess", b"", SECRET + b"\n"])
def test_who_does_not_know_the_secret_gets_in_nowhere(theirs: bytes) -> None:
    liar, honest = dialer(theirs), acceptor()
    proof = liar.receive(honest.receive(liar.start()[:-1])[:-1])
    refused(honest, proof[:-1], "did not prove that it is Ball")
    honest, liar = dialer(), acceptor(theirs)
    honest.receive(liar.receive(honest.start()[:-1])[:-1])
    refused(honest, b"PROOF " + liar._proof("acceptor"), "did not prove that it is Alford")


def test_a_secret_on_one_side_only_joins_nobody() -> None:
    one, other = dialer(None), acceptor()
    assert one.receive(other.receive(one.start()[:-1])[:-1]) == b""
    assert (one.state, other.state) == (State.DONE, State.PROOF)
    one, other = dialer(), acceptor(None)
    proof = one.receive(other.receive(one.start()[:-1])[:-1])
    assert (one.state, other.state) == (State.PROOF, State.DONE)
    with pytest.raises(LinkError, match="is over"):
        other.receive(proof[:-1])


def test_a_proof_sent_back_to_who_made_it_is_none() -> None:
    one, other = dialer(), acceptor()
    proof = one.receive(other.receive(one.start()[:-1])[:-1])
    refused(one, proof[:-1], "did not prove that it is Alford")


def test_a_greeting_sent_back_to_who_made_it_is_refused() -> None:
    machine = dialer()
    refused(machine, machine.start()[:-1], "looks for 'Alford', this server is 'Ball'")


def test_lines_heard_on_another_connection_are_worthless() -> None:
    greeting, answer, dialer_proof, acceptor_proof = (
        line[:-1] for line in converse(dialer(nonce="d1"), acceptor(nonce="a1"))
    )
    victim = acceptor(nonce="a2")
    victim.receive(greeting)
    refused(victim, dialer_proof, "did not prove that it is Ball")
    victim = dialer(nonce="d2")
    victim.start()
    victim.receive(answer)
    refused(victim, acceptor_proof, "did not prove that it is Alford")


def test_a_proof_holds_for_the_very_greetings_that_were_heard() -> None:
    """Somebody between the two changes the instance; the neighbors do not agree about what was said."""
    one, other = dialer(), acceptor()
    one.start()
    proof = one.receive(other.receive(hello(instance="Ball-2"))[:-1])
    refused(other, proof[:-1], "did not prove that it is Ball")


# Secrets


def test_no_text_holds_a_secret() -> None:
    own = identity("Alford")
    assert repr(own) == str(own) == "<Identity Alford of herd>"
    machine = acceptor()
    assert SECRET.decode() not in repr(machine)
    with pytest.raises(LinkError) as caught:
        machine.receive(hello(sender=SECRET.decode().replace(" ", "")))
    assert SECRET.decode() not in str(caught.value)
