"""`python -m tests.world`: every double on a loopback port, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from tests.world.doubles import run


async def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on [%(default)s]")
    parser.add_argument(
        "--port-file", type=Path, help="write the base URLs here too; taken again if it exists"
    )
    options = parser.parse_args()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await run(stop, host=options.host, port_file=options.port_file)


if __name__ == "__main__":
    asyncio.run(_main())
