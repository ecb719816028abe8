"""Works whenever it has the lease, and notes it in work.log: `python worker.py HOST PORT`."""

import random
import sys
import time

from twisted.application.internet import ClientService
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

LEASE_S = 5.0


class Worker(LineOnlyReceiver):
    delimiter = b"\n"

    def connectionMade(self):
        self.ask()

    def ask(self):
        self.sendLine(b"lease")

    def lineReceived(self, line):
        if line == b"busy":
            reactor.callLater(random.uniform(0.5, 1.5), self.ask)
        else:
            self.number = int(line.split()[1])
            self.until = reactor.seconds() + LEASE_S
            self.work()

    def work(self):
        if reactor.seconds() < self.until:
            with open("work.log", "a") as log:
                log.write(f"{time.time():.3f} {self.number}\n")
            reactor.callLater(0.5, self.work)
        else:
            reactor.callLater(random.uniform(0.5, 1.5), self.ask)


host, port = sys.argv[1], int(sys.argv[2])
ClientService(HostnameEndpoint(reactor, host, port), Factory.forProtocol(Worker)).startService()
reactor.run()
