"""Join a channel of an IRC server, greet by name whoever joins later, and print what is said.

`chatter.py HOST NICKNAME PASSWORD CHANNEL`
"""

import sys

from twisted.internet import reactor
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.words.protocols.irc import IRCClient

host, nickname, password, channel = sys.argv[1:]


class Chatter(IRCClient):
    def __init__(self):
        self.nickname = nickname
        self.password = password

    def signedOn(self):
        self.join(channel)

    def userJoined(self, user, where):
        self.say(where, f"hello, {user.partition('!')[0]}")

    def privmsg(self, user, where, message):
        print(f"{where} {user.partition('!')[0]}: {message}")
        if message.startswith("hello"):
            self.say(where, "good bye")
        reactor.callLater(1, self.quit, "enough")

    def connectionLost(self, reason):
        super().connectionLost(reason)
        reactor.stop()


connectProtocol(clientFromString(reactor, f"tcp:{host}:6667"), Chatter())
reactor.run()
