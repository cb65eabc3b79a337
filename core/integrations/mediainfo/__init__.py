"""MediaInfo: what an audio file holds, and whether it holds anything."""
