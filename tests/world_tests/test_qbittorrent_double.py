"""The double as a program of its own, and what its real counterparts need to start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from core.integrations.qbittorrent import QBittorrent
from tests.tools import debootstrap_qbittorrent as debian

ROOT = Path(__file__).resolve().parents[2]


async def test_runs_by_itself_and_prints_its_address() -> None:
    command = [sys.executable, "-m", "tests.world.qbittorrent", "--port", "0", "--dialect", "2.15"]
    with subprocess.Popen(
        [*command, "--password", "pw"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as double:
        try:
            assert double.stdout
            url = double.stdout.readline().strip()
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(f"{url}/api/v2/app/version", timeout=10)
            client = QBittorrent(url, "keeper", "pw")
            assert (await client.version()).web_api == "2.15.1"
            await client.close()
        finally:
            double.send_signal(signal.SIGINT)
    assert double.returncode == 0


def _apt(folder: Path, uris: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts an apt into the way that lists `uris` and goes through a proxy."""
    scripts = {
        "apt-get": f"cat <<'END'\n{uris}\nEND",
        "apt-config": "case $3 in *::http::*) echo PROXY=\\'http://127.0.0.1:9/\\';; esac",
    }
    for name, body in scripts.items():
        script = folder / name
        script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_the_mirror_is_asked_of_apt_and_proxies_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = "'http://127.0.0.1:9/debian/dists/bookworm/InRelease' name 0"
    _apt(tmp_path, listed, monkeypatch)
    assert debian.proxy_environment() == {"http_proxy": "http://127.0.0.1:9/"}
    with pytest.raises(debian.CannotBuild, match="carries Debian's trixie"):
        debian.debian_mirror()


def test_a_finished_folder_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing_here", lambda: None)
    binary = tmp_path / "trixie-qbittorrent-nox" / debian.BINARY
    binary.parent.mkdir(parents=True)
    binary.touch()
    assert debian.ensure_root(tmp_path) == tmp_path / "trixie-qbittorrent-nox"


def test_a_failed_build_leaves_nothing_that_looks_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "missing_here", lambda: None)
    monkeypatch.setattr(debian, "debian_mirror", lambda: "http://127.0.0.1:9/debian")
    monkeypatch.setattr(debian, "proxy_environment", dict)
    script = tmp_path / "debootstrap"
    script.write_text('#!/bin/sh\nfor last; do :; done\necho "E: no such mirror"; exit 1\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(debian.CannotBuild, match="ended with 1: E: no such mirror"):
        debian.ensure_root(tmp_path / "cache")
    assert not (tmp_path / "cache" / "trixie-qbittorrent-nox").exists()
