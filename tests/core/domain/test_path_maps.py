"""Path maps: the longest folder wins, whole components only, and there is a way back."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.path_maps import PathMaps


@dataclass(frozen=True)
class Entry:
    host: str
    container: str
    system: str | None = None


NAS = (
    Entry("/mnt/user/data", "/data"),
    Entry("/mnt/user/data/audio/", "/audiobooks", "qbittorrent"),
    Entry("/mnt/user/data", "/other", "mkbrr"),
    Entry("/srv", "/srv-general"),
    Entry("/srv", "/srv-ours", "qbittorrent"),
)


@pytest.mark.parametrize(
    ("host", "container"),
    [
        ("/mnt/user/data", "/data"),
        ("/mnt/user/data/x", "/data/x"),
        ("/mnt/user/data/audio/x/y", "/audiobooks/x/y"),
        ("/mnt/user/data/audiophile/x", "/data/audiophile/x"),
        ("/mnt/user/data//x/../y", "/data/y"),
        ("/mnt/user/database/x", "/mnt/user/database/x"),
        ("/elsewhere/x/", "/elsewhere/x/"),
        ("/srv/x", "/srv-ours/x"),
        ("/mnt/user/data/\udcff", "/data/\udcff"),
    ],
)
def test_the_longest_folder_of_the_system_wins(host: str, container: str) -> None:
    assert PathMaps.of(NAS, "qbittorrent").to_container(host) == container


def test_each_system_has_its_own() -> None:
    assert PathMaps.of(NAS, "mkbrr").to_container("/mnt/user/data/audio/x") == "/other/audio/x"
    assert PathMaps.of(NAS, "libation").to_container("/mnt/user/data/audio/x") == "/data/audio/x"


def test_the_root_can_be_mapped() -> None:
    maps = PathMaps.of([Entry("/", "/host"), Entry("/data", "/")], "qbittorrent")
    assert maps.to_container("/etc/x") == "/host/etc/x"
    assert maps.to_container("//data/x") == "/x"
    assert maps.to_host("/host/etc/x") == "/etc/x"
    assert maps.to_host("/x") == "/data/x"


NAMES = st.sampled_from(["a", "b", "ab", "ä", "a b", "\udcff", ".x"])
PATHS = st.lists(NAMES, max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(PATHS, st.lists(st.builds(Entry, PATHS, PATHS), max_size=4))
def test_a_path_goes_below_the_container_folder_of_its_longest_map(path: str, entries: list[Entry]) -> None:
    seen = PathMaps.of(entries, "qbittorrent").to_container(path)
    fitting = [entry for entry in entries if posixpath.commonpath([path, entry.host]) == entry.host]
    if not fitting:
        assert seen == path
        return
    longest = max(len(entry.host) for entry in fitting)
    expected = next(entry for entry in fitting if len(entry.host) == longest)
    rest = posixpath.relpath(path, expected.host)
    assert seen == posixpath.normpath(posixpath.join(expected.container, rest))


@given(PATHS, st.sampled_from(["/host", "/mnt/x"]), st.sampled_from(["/data", "/c/d"]))
def test_there_and_back_is_the_same_path(path: str, host: str, container: str) -> None:
    maps = PathMaps.of([Entry(host, container)], "qbittorrent")
    below = host + path.rstrip("/")
    assert maps.to_host(maps.to_container(below)) == below


@given(PATHS)
def test_without_maps_nothing_changes(path: str) -> None:
    assert PathMaps().to_container(path) == path
    assert PathMaps().to_host(path) == path
