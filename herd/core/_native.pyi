# The compiled core: the same as cache.Cache, outbox.Outbox, intake.ingest and intake.learn.
from herd.core.cache import Cache as Cache
from herd.core.intake import ingest as ingest
from herd.core.intake import learn as learn
from herd.core.outbox import Outbox as Outbox
