"""Releases in Discord: the kind of card they have, and what its buttons and forms do."""
