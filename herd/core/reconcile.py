r"""Finding the records that differ between two neighbors' caches, and sending only those.

Both walk the same tree of digests from the root down, by turns, one level a message:

    ROOT <digest>               begin: what is your root?
    NODE <path> <digests>       I differ from you here; these are my sixteen children
    LEAF <path> <fingerprints>  I differ from you here, and these are all my records
    WANT <path> <fingerprints>  send me these of them
    GIVE <path>                 I have nothing under this node: send me all of it
    TURN                        that was all I had to say; your turn
    DONE                        that was all, and nothing is left to be said

Paths are hexadecimal digits (`-` for the root), digests and fingerprints sixteen hexadecimal digits each.
What a server has and its neighbor lacks goes into the neighbor's outbox and leaves as any record does:
newest first wins, whatever the order of arrival, so flooding goes on meanwhile and nothing is locked. Where
a node of one side is empty the other sends it whole, without a look at what is below. So the bytes exchanged
grow with the difference, not with the cache: a few lines for each record that differs, at up to four levels.

Work is done in slices of some milliseconds, and waits while the outbox is full of what has been found
already.

One of the two begins. If both do at once, the one with precedence is answered and the other's ROOT is
dropped.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.core.digests import DIGEST_BYTES, EMPTY, FANOUT, LEAF_DEPTH, SHARD_DEPTH, Digests
from herd.core.errors import LinkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.core.outbox import Outbox

MAX_LEAF_RECORDS: Final = 200
"""A leaf with more records than this is exchanged whole: its fingerprints would not fit on a line."""

_MAX_QUEUE: Final = 2 * FANOUT**LEAF_DEPTH
"""Messages that may wait: no honest walk has more."""

FEW_RECORDS: Final = 16
"""A node with so few records shows them at once: their fingerprints take no more room than its children's."""

_SLICE_COST: Final = 2000
"""Records that one slice touches, about: some milliseconds."""

_LEAF_COST: Final = 100
"""What showing or comparing a few records costs beside that."""

_NO_LIMIT: Final = FANOUT**8

_OUTBOX_FULL: Final = 20_000
"""With so many records waiting to be sent, finding more would only use memory."""

_STEP: Final = re.compile(
    rb"(ROOT|NODE|LEAF|WANT|GIVE|TURN|DONE)(?: (-|[0-9a-f]{1,4}))?(?: ((?:[0-9a-f]{16})+))?"
)
_HEX: Final = 2 * DIGEST_BYTES


@frozen
class Step:
    """One message of the walk."""

    verb: str
    path: str = ""
    digests: tuple[bytes, ...] = ()

    def to_line(self) -> bytes:
        """Return the message as a line without its ending."""
        words = [self.verb]
        if self.verb in _WITH_PATH:
            words.append(self.path or "-")
        if self.digests:
            words.append(b"".join(self.digests).hex())
        return " ".join(words).encode("ascii")


_WITH_PATH: Final = ("NODE", "LEAF", "WANT", "GIVE")


def parse_step(line: bytes) -> Step | None:
    """Read a message; None for a line that is none."""
    match = _STEP.fullmatch(line)
    if match is None:
        return None
    verb, path, digits = match.groups()
    text = (digits or b"").decode("ascii")
    digests = tuple(bytes.fromhex(text[at : at + _HEX]) for at in range(0, len(text), _HEX))
    step = Step(verb.decode("ascii"), "" if path in {None, b"-"} else path.decode("ascii"), digests)
    return step if _is_well_formed(step, has_path=path is not None) else None


def _is_well_formed(step: Step, *, has_path: bool) -> bool:
    if has_path is not (step.verb in _WITH_PATH):
        return False
    depth, count = len(step.path), len(step.digests)
    return {
        "ROOT": count == 1,
        "NODE": depth < LEAF_DEPTH and count == FANOUT,
        "LEAF": depth >= SHARD_DEPTH and 0 < count <= MAX_LEAF_RECORDS,
        "WANT": depth >= SHARD_DEPTH and 0 < count <= MAX_LEAF_RECORDS,
        "GIVE": count == 0,
        "TURN": count == 0,
        "DONE": count == 0,
    }[step.verb]


class Reconciler:
    """One side of the walks on one link. `digests` may be shared with other links."""

    def __init__(self, digests: Digests, outbox: Outbox, *, has_precedence: bool) -> None:
        self.found = 0
        """Records that the present or last walk put into the outbox."""
        self._digests = digests
        self._outbox = outbox
        self._has_precedence = has_precedence
        self._queue: deque[Step] = deque()
        self._lines: list[bytes] = []
        self._is_walking = False
        self._is_refreshing = False
        self._awaits_answer = False
        self._has_spoken = False

    @property
    def is_walking(self) -> bool:
        """Tell whether a walk is under way."""
        return self._is_walking

    @property
    def has_work(self) -> bool:
        """Tell whether `work` would get on."""
        return (self._is_refreshing or bool(self._queue)) and len(self._outbox) < _OUTBOX_FULL

    def begin(self) -> None:
        """Begin a walk, unless one is under way."""
        if not self._is_walking:
            self._start(Step("ROOT"))

    def take(self, step: Step) -> None:
        """Take a message of the neighbor's."""
        if step.verb == "ROOT":
            if not (self._awaits_answer and self._has_precedence):
                self._start(step)
            return
        if not self._is_walking:
            raise LinkError(f"sent {step.verb} with no reconciliation under way")
        if len(self._queue) >= _MAX_QUEUE:
            raise LinkError("sent more digests than there are")
        self._awaits_answer = False
        self._queue.append(step)

    def work(self) -> list[bytes]:
        """Do a slice of work; return the lines to send."""
        if self._is_refreshing:
            self._is_refreshing = self._digests.refresh()
            return []
        cost = 0
        while self._queue and cost < _SLICE_COST:
            step = self._queue.popleft()
            cost += _TAKE[step.verb](self, step)
        lines, self._lines = self._lines, []
        return lines

    def _start(self, first: Step) -> None:
        self._digests.forget_index()  # an older one lacks what came before the outbox was opened
        self._queue.clear()
        self._queue.append(first)
        self._is_walking = self._is_refreshing = True
        self._awaits_answer = self._has_spoken = False
        self.found = 0

    def _say(self, verb: str, path: str = "", digests: tuple[bytes, ...] = ()) -> None:
        self._lines.append(Step(verb, path, digests).to_line())
        self._has_spoken = True

    def take_root(self, step: Step) -> int:
        """Ask for the neighbor's root, or answer with the children of this one."""
        if not step.digests:
            self._awaits_answer = True
            self._say("ROOT", digests=(self._digests.root(),))
        elif step.digests[0] == self._digests.root():
            self._end("DONE")
        else:
            self._say("NODE", digests=tuple(self._digests.children("")))
            self._pass_turn()
        return 1

    def take_node(self, step: Step) -> int:
        """Go on with each child that differs."""
        later: list[Step] = []
        own = self._digests.children(step.path)
        for digit, (mine, theirs) in enumerate(zip(own, step.digests, strict=True)):
            path = f"{step.path}{digit:x}"
            if mine == theirs:
                continue
            if theirs == EMPTY:
                later.append(Step("GIVE", path))
            elif mine == EMPTY:
                self._say("GIVE", path)
            else:
                later.append(Step("SHOW", path))
        self._queue.extendleft(reversed(later))
        return FANOUT

    def take_show(self, step: Step) -> int:
        """Show what is below a node that differs: its records if they are few, else its children."""
        path = step.path
        if len(path) < SHARD_DEPTH:
            self._say("NODE", path, tuple(self._digests.children(path)))
            return FANOUT
        cost = self._digests.walk_cost(path) + _LEAF_COST
        is_leaf = len(path) == LEAF_DEPTH
        records = self._digests.records_of(path, MAX_LEAF_RECORDS if is_leaf else FEW_RECORDS)
        if records:
            self._say("LEAF", path, tuple(records))
        elif records is None and not is_leaf:
            self._say("NODE", path, tuple(self._digests.children(path)))
        else:
            self._queue.appendleft(Step("GIVE", path))
            self._say("GIVE", path)
        return cost

    def take_leaf(self, step: Step) -> int:
        """Owe what the neighbor lacks, and ask for what is lacking here."""
        cost = self._digests.walk_cost(step.path) + _LEAF_COST
        own = self._digests.records_of(step.path, _NO_LIMIT) or {}
        theirs = frozenset(step.digests)
        self._owe(dict(record for mark, record in own.items() if mark not in theirs))
        wanted = tuple(mark for mark in step.digests if mark not in own)
        if wanted:
            self._say("WANT", step.path, wanted)
        return cost

    def take_want(self, step: Step) -> int:
        """Owe what is asked for."""
        cost = self._digests.walk_cost(step.path) + _LEAF_COST
        own = self._digests.records_of(step.path, _NO_LIMIT) or {}
        self._owe(dict(own[mark] for mark in step.digests if mark in own))
        return cost

    def take_give(self, step: Step) -> int:
        """Owe all that is under a node, a shard at a time."""
        if len(step.path) < SHARD_DEPTH:
            children = [Step("GIVE", f"{step.path}{digit:x}") for digit in range(FANOUT)]
            self._queue.extendleft(reversed(children))
            return 1
        self._owe(self._digests.records_under(step.path))
        return _SLICE_COST

    def take_turn(self, _: Step) -> int:
        """Pass the turn back, or end the walk if there was nothing to say."""
        if self._has_spoken:
            self._pass_turn()
        else:
            self._end("DONE")
        return 1

    def _pass_turn(self) -> None:
        self._say("TURN")
        self._has_spoken = False

    def take_done(self, _: Step) -> int:
        """End the walk."""
        self._end(None)
        return 1

    def _end(self, last: str | None) -> None:
        if last is not None:
            self._say(last)
        self._is_walking = self._has_spoken = False
        self._digests.forget_index()

    def _owe(self, records: dict[bytes, bytes]) -> None:
        self.found += len(records)
        self._outbox.put_if_newer(records)


_TAKE: Final[dict[str, Callable[[Reconciler, Step], int]]] = {
    "ROOT": Reconciler.take_root,
    "NODE": Reconciler.take_node,
    "LEAF": Reconciler.take_leaf,
    "WANT": Reconciler.take_want,
    "GIVE": Reconciler.take_give,
    "SHOW": Reconciler.take_show,  # said by nobody: what a NODE leaves to be done
    "TURN": Reconciler.take_turn,
    "DONE": Reconciler.take_done,
}
