"""mkbrr, the other torrent builder: run in a container of its own."""
