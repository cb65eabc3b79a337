"""The stage machine: long flows as rows, moved by small stages."""
