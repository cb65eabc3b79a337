"""Makes a small Debian 13 folder holding the real qBittorrent 5.1, once, for the tests marked `qbittorrent51`.

    python -m tests.tools.debootstrap_qbittorrent [--print-only]    (prints the folder)

The folder is cached in MOUSEKEEPER_TEST_CACHE (default ~/.cache/mousekeeper-tests); it takes from half a
minute to three and 300 MB the first time, and root. The Debian mirror is the one apt itself uses on this machine,
asked of apt, so sources.list, deb822 sources, mirrors nearby and proxies all work unmentioned here.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

SUITE = "trixie"
PACKAGE = "qbittorrent-nox"
BINARY = f"usr/bin/{PACKAGE}"
NEEDED_TOOLS = ("debootstrap", "apt-get", "apt-config", "chroot")

# One line of `apt-get update --print-uris`: 'http://host/debian/dists/bookworm/InRelease' name size
_INDEX = re.compile(r"'(?P<site>https?://[^']+?)/dists/[^/']+/InRelease'")


class CannotBuild(Exception):
    """This machine cannot make the folder; the text says what is missing."""


def cache_folder() -> Path:
    """Where test downloads are kept between runs."""
    named = os.environ.get("MOUSEKEEPER_TEST_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "mousekeeper-tests"


def debian_mirror() -> str:
    """The base URL of the Debian archive this machine's apt uses. Raises CannotBuild when apt names none."""
    listed = _output("apt-get", "--print-uris", "update")
    sites = dict.fromkeys(match["site"] for match in _INDEX.finditer(listed))
    # Other people's packages, security updates and the like do not carry the suite, or under another name.
    if found := next(filter(_carries_debian, sites), None):
        return found
    raise CannotBuild(f"No source of this machine's apt carries Debian's {SUITE}.")


def _carries_debian(site: str) -> bool:
    request = urllib.request.Request(f"{site}/dists/{SUITE}/InRelease")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(_proxies() or None))
    try:
        with opener.open(request, timeout=60) as reply:
            return b"\nOrigin: Debian\n" in reply.read(4096)
    except OSError:
        return False


def proxy_environment() -> dict[str, str]:
    """apt's own proxies, in the form wget (which debootstrap uses) understands."""
    return {f"{scheme}_proxy": url for scheme, url in _proxies().items()}


def _proxies() -> dict[str, str]:
    found = {}
    for scheme in ("http", "https"):
        shell = _output("apt-config", "shell", "PROXY", f"Acquire::{scheme}::Proxy")
        value = shlex.split(shell.partition("=")[2])
        if value and value[0] not in ("", "DIRECT", "false"):
            found[scheme] = value[0]
    return found


def missing_here() -> str | None:
    """Why this machine cannot run the folder's program, as a sentence; None when it can."""
    if not sys.platform.startswith("linux"):
        return "qBittorrent 5.1 runs from a Debian folder, which needs Linux."
    if os.geteuid() != 0:
        return "qBittorrent 5.1 runs from a Debian folder, which needs root (chroot)."
    absent = [tool for tool in NEEDED_TOOLS if shutil.which(tool) is None]
    return f"Install {', '.join(absent)} to run qBittorrent 5.1 from a Debian folder." if absent else None


def ensure_root(cache: Path | None = None) -> Path:
    """The folder in `cache`, made when it is not there yet; safe to call from several processes at once.

    Raises CannotBuild with a sentence when the machine lacks something or debootstrap fails.
    """
    if reason := missing_here():
        raise CannotBuild(reason)
    cache = cache or cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"{SUITE}-{PACKAGE}"
    with _locked(cache / f"{root.name}.lock"):
        if not (root / BINARY).exists():
            _build(root)
    return root


def _build(root: Path) -> None:
    # Built aside and renamed, so that an interrupted run leaves nothing that looks finished.
    aside = root.with_name(f"{root.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGE}", SUITE, str(aside), debian_mirror()]
    done = subprocess.run(
        command,
        env=os.environ | proxy_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0 or not (aside / BINARY).exists():
        tail = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise CannotBuild(f"debootstrap ended with {done.returncode}: {tail}")
    shutil.rmtree(aside / "var/cache/apt/archives", ignore_errors=True)
    aside.rename(root)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # freed by the kernel, whatever happens to us
        yield


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotBuild(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[:200]}")
    return done.stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--print-only", action="store_true", help="print where the folder is or would be")
    arguments = parser.parse_args()
    try:
        print(cache_folder() / f"{SUITE}-{PACKAGE}" if arguments.print_only else ensure_root())
    except CannotBuild as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
