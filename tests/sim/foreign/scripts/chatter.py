"""An IRC client: in a channel it greets who joins later and answers a greeting; then it quits.

`chatter.py HOST NICKNAME PASSWORD CHANNEL`; with another user's name for CHANNEL it talks to that user alone.
"""

import sys

from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.words.protocols.irc import IRCClient

host, nickname, password, where = sys.argv[1:]


class Chatter(IRCClient):
    def __init__(self):
        self.nickname = nickname
        self.password = password

    def signedOn(self):
        if where.startswith("#"):
            self.join(where)
        else:
            self.msg(where, f"hello, {where}")

    def userJoined(self, user, channel):
        self.say(channel, f"hello, {user}")

    def privmsg(self, user, target, message):
        sender = user.partition("!")[0]
        print(f"{target} {sender}: {message}")
        if message.startswith("hello"):
            self.msg(target if target.startswith("#") else sender, f"good bye, {sender}")
        reactor.callLater(1, self.quit, "enough")

    def connectionLost(self, reason):
        super().connectionLost(reason)
        reactor.stop()


connectProtocol(clientFromString(reactor, f"tcp:{host}:6667"), Chatter())
reactor.run()
