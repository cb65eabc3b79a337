"""Audible's catalogue: the fullest data, asked rarely."""
