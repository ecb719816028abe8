"""Ask a DNS server over UDP for the addresses of names: `resolve.py SERVER PORT NAME...`."""

import sys

from twisted.internet import task
from twisted.names import client, error


async def main(_reactor, server, port, *names):
    resolver = client.Resolver(servers=[(server, int(port))])
    for name in names:
        try:
            answers, _, _ = await resolver.lookupAddress(name)
        except error.DomainError as problem:
            print(name, type(problem).__name__)
        else:
            print(name, *(answer.payload.dottedQuad() for answer in answers))


task.react(main, sys.argv[1:])
