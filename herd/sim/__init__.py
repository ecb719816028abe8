"""The simulator: hosts unmodified Twisted programs in virtual time, on a network that can be broken.

`engine` knows no herd, `explore` searches seeds, `pictures` draws what happened, `herds` builds herds to be
hosted, `scenarios` are the ones that come with it.
"""
