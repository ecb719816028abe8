"""`twistd herd`: kept this small because every `twistd` command imports it."""

from twisted.application.service import ServiceMaker

herd = ServiceMaker("herd", "herd.server.tap", "One server of a herd that shares client positions.", "herd")
