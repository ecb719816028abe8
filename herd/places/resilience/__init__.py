"""Getting answers out of a service that may be slow, busy or dead: one small concept a file.

Each of them wraps something that returns a Deferred, knows nothing of places' contents, and takes its clock
and its randomness as arguments. `herd.places.network` puts them together.
"""
