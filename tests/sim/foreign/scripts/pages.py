"""Serve a WSGI application that sleeps, on the port given: `pages.py PORT`."""

import sys
import time

from twisted.internet import reactor
from twisted.web import server, wsgi


def application(environ, start_response):
    time.sleep(0.1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"page "
    time.sleep(0.1)
    yield environ["PATH_INFO"].encode()


resource = wsgi.WSGIResource(reactor, reactor.getThreadPool(), application)
reactor.listenTCP(int(sys.argv[1]), server.Site(resource))
reactor.run()
