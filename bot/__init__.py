"""Discord as a whole, and the program's front door; importing this imports no Discord."""
