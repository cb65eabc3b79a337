"""`make demo`: the real program over real generated audiobooks, with a loopback world around it."""
