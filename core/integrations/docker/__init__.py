"""The container engine: runs commands in containers for the rooms that work through one."""
