"""Measurements, not assertions of time."""
