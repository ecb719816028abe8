"""A lease for one worker at a time: `python server.py PORT`.

Who says `lease` is told `granted 7` and has it for five seconds, or `busy`. The numbers count up.
"""

import sys

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

LEASE_S = 5.0


class Leases(Factory):
    number = 0
    until = 0.0

    def buildProtocol(self, addr):
        return Teller(self)

    def lease(self):
        now = reactor.seconds()
        if now < self.until:
            return "busy"
        self.number += 1
        self.until = now + LEASE_S
        return f"granted {self.number}"


class Teller(LineOnlyReceiver):
    delimiter = b"\n"

    def __init__(self, leases):
        self.leases = leases

    def lineReceived(self, line):
        if line == b"lease":
            self.sendLine(self.leases.lease().encode())


TCP4ServerEndpoint(reactor, int(sys.argv[1])).listen(Leases())
reactor.run()
