"""Loopback doubles of every outside system, one simulated clock, and real audio to work on."""
