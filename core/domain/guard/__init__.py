"""What the tracker account is worth, where it is heading, and what should be done about it: pure rules."""
