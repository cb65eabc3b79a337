"""The only door for people: every command, button and page calls a service and renders what it returns."""
