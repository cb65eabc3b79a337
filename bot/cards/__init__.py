"""What a state looks like in Discord: pure functions from values to layouts, one file a card."""
