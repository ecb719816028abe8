# The compiled core: the same as cache.Cache, ingest.ingest, ingest.learn and ingest.take.
from herd.core.cache import Cache as Cache
from herd.core.ingest import ingest as ingest
from herd.core.ingest import learn as learn
from herd.core.ingest import take as take
