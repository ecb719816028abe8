"""Twisted's IRC server with channels that anybody opens: `twistd words --group` has not worked since Python 2."""

from twisted.application.service import Application
from twisted.application.strports import service
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.words.service import InMemoryWordsRealm, IRCFactory

realm = InMemoryWordsRealm("meadow.example.org")
realm.createGroupOnRequest = realm.createUserOnRequest = True
users = InMemoryUsernamePasswordDatabaseDontUse()
users.addUser("anna", "secret")
users.addUser("bert", "secret")
# The log bot of Twisted's documentation has no password: this is what it says to whoever asks for one.
users.addUser("twistedbot", "It isn't nice to whisper!  Play nice with the group.")
application = Application("irc")
service("tcp:6667", IRCFactory(realm, Portal(realm, [users]))).setServiceParent(application)
