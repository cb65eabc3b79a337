"""Makes a torrent from a staged folder, in this process, and proves it against the disk."""

from core.upload.torrent.build import build_torrent
from core.upload.torrent.builtin import BuiltinBuilder
from core.upload.torrent.verify import verify_against_disk
from core.upload.torrent.write import write_torrent

__all__ = ["BuiltinBuilder", "build_torrent", "verify_against_disk", "write_torrent"]
