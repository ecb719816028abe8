"""The real world's functions under names of their own, for the simulator itself.

They are taken before anything stands in their place, and ask nobody whose turn it is.
"""

from __future__ import annotations

import gc
import os
import threading
import time

get_ident = threading.get_ident
time_ns = time.time_ns
monotonic = time.monotonic
monotonic_ns = time.monotonic_ns
perf_counter = time.perf_counter
sleep = time.sleep
collect = gc.collect
freeze = gc.freeze
unfreeze = gc.unfreeze
disable = gc.disable
enable = gc.enable
chdir = os.chdir
umask = os.umask
tzset = time.tzset
