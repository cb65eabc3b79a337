"""The upload pipeline: from a book folder to a torrent that seeds, one small stage after another."""
