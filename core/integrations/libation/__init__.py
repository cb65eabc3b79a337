"""Libation, which fetches bought books from Audible: asked through its command line in its container."""
