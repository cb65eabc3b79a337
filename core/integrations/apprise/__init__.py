"""Apprise: the wire to the services people are alerted through."""
