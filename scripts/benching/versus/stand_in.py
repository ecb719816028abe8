"""A prototype of a herd as students write them: what herd is compared with, and no part of it.

One file: Twisted's LineReceiver takes a line at a time; its white space is squeezed, a regular expression
looks at the whole of it, it is split, and the answer is put together and kept in a dictionary of
dictionaries; what is not newer than what is held floods no further. Published ones do all of that. It has
what the best of them have, and is spared what slows others down: its links to neighbors stay open, where most
dial one for each update, and its logging is switched off, though it is still called.

    python stand_in.py NAME PORT [PORT OF A NEIGHBOR ...]
"""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any, Final

from twisted.internet import reactor as global_reactor
from twisted.internet.protocol import ClientFactory, Factory, ReconnectingClientFactory
from twisted.protocols.basic import LineReceiver

reactor: Final[Any] = global_reactor
log: Final = logging.getLogger("herd")
SPACES: Final = re.compile(r"[ \t]+")
IAMAT: Final = re.compile(r"^IAMAT\s+\S+\s+[+-]\d+\.\d+[+-]\d+\.\d+\s+\d+\.\d+$")
AT: Final = re.compile(r"^AT\s+\w+\s+[+-]\d+\.\d+\s+\S+\s+[+-]\d+\.\d+[+-]\d+\.\d+\s+\d+\.\d+$")


class Herd:
    """What all connections of one server share."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.clients: dict[str, dict[str, str]] = {}
        self.links: list[Link] = []

    def learn(self, client: str, when: str, line: str) -> None:
        """Keep a newer report, and pass it on."""
        if client in self.clients and float(when) <= float(self.clients[client]["time"]):
            log.info("duplicate or old report of %s", client)
            return
        self.clients[client] = {"response": line, "time": when}
        log.info("propagating: %s", line)
        for link in self.links:
            link.sendLine(line.encode())


class Server(LineReceiver):
    """A client, or a neighbor that dialed."""

    delimiter = b"\n"

    def __init__(self, herd: Herd) -> None:
        self.herd = herd

    def lineReceived(self, line: bytes) -> None:
        """Do what a command says."""
        text = line.decode()
        log.info("received: %s", text)
        squeezed = SPACES.sub(" ", text.strip())
        words = squeezed.split()
        if words and words[0] == "IAMAT" and IAMAT.search(squeezed):
            self.report(squeezed)
        elif words and words[0] == "AT" and AT.search(squeezed):
            self.herd.learn(words[3], words[5], squeezed)
        else:
            log.error("invalid: %s", text)
            self.sendLine(f"? {text}".encode())

    def report(self, text: str) -> None:
        """Answer a client's report."""
        _, client, position, when = text.split()
        difference = time.time() - float(when)
        answer = f"AT {self.herd.name} {difference:+.9f} {client} {position} {when}"
        self.herd.learn(client, when, answer)
        log.info("answer: %s", answer)
        self.sendLine(answer.encode())


class Link(LineReceiver):
    """A neighbor that this server dialed."""

    delimiter = b"\n"

    def __init__(self, herd: Herd) -> None:
        self.herd = herd

    def connectionMade(self) -> None:
        """Send what is news from now on."""
        self.herd.links.append(self)

    def connectionLost(self, reason: Any = None) -> None:  # noqa: ARG002 - Twisted gives it
        """Send no more."""
        self.herd.links.remove(self)


class Servers(Factory):
    """Makes `Server`s."""

    noisy = False

    def __init__(self, herd: Herd) -> None:
        self.herd = herd

    def buildProtocol(self, addr: Any) -> Server:  # noqa: ARG002 - Twisted gives it
        """Make one."""
        return Server(self.herd)


class Links(ReconnectingClientFactory):
    """Makes `Link`s, and dials again."""

    noisy = False

    def __init__(self, herd: Herd) -> None:
        self.herd = herd

    def buildProtocol(self, addr: Any) -> Link:  # noqa: ARG002 - Twisted gives it
        """Make one."""
        self.resetDelay()
        return Link(self.herd)


def main() -> None:
    """Serve."""
    logging.disable(logging.CRITICAL)
    name, port, *neighbors = sys.argv[1:]
    herd = Herd(name)
    reactor.listenTCP(int(port), Servers(herd), interface="127.0.0.1")
    for neighbor in neighbors:
        factory: ClientFactory = Links(herd)
        reactor.connectTCP("127.0.0.1", int(neighbor), factory)
    reactor.run()


if __name__ == "__main__":
    main()
