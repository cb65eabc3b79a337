"""Draws the bot's messages as people see them in Discord: `python -m tests.pictures`."""
