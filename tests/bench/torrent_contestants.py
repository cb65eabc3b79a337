"""The ways to make one torrent that are compared, each runnable as a whole process of its own.

`python -m tests.bench.torrent_contestants mousekeeper|torf|bare FOLDER OUTPUT PIECE_LENGTH`
"""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time


def mousekeeper(folder: str, output: str, piece_length: int) -> None:
    from core.upload.torrent.build import build_torrent
    from core.upload.torrent.write import write_torrent

    built = build_torrent(folder, announce=ANNOUNCE, source="BENCH", piece_length=piece_length, threads=2)
    write_torrent(built.data, output)


def torf(folder: str, output: str, piece_length: int) -> None:
    import torf

    torrent = torf.Torrent(
        folder,
        trackers=[ANNOUNCE],
        source="BENCH",
        private=True,
        piece_size=piece_length,
        creation_date=None,
        created_by=None,
    )
    torrent.generate(threads=2)
    torrent.write(output, overwrite=True)


def bare(folder: str, output: str, piece_length: int) -> None:
    """No torrent at all: two threads read whole files and hash them in piece-sized bites."""
    paths = iter(sorted(os.path.join(folder, name) for name in os.listdir(folder)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                path = next(paths, None)
            if path is None:
                return
            with open(path, "rb", buffering=0) as file:
                while data := file.read(piece_length):
                    hashlib.sha1(data).digest()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


ANNOUNCE = "http://127.0.0.1/announce"
CONTESTANTS = {"mousekeeper": mousekeeper, "torf": torf, "bare": bare}


def seconds(name: str, folder: str, output: str, piece_length: int) -> float:
    """How long a contestant takes in this process."""
    began = time.perf_counter()
    CONTESTANTS[name](folder, output, piece_length)
    return time.perf_counter() - began


if __name__ == "__main__":
    CONTESTANTS[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
