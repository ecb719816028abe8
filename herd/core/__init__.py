"""What a herd is: bytes in, decisions out. No Twisted, no I/O, no clock, no randomness."""
