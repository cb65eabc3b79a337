"""Libation's sidecar: read, or told why not, and never an exception."""

import json
import os

import pytest

from core.domain.book import Chapter
from core.upload.sidecar import MAX_BYTES, find_sidecar, pick_sidecar, read_sidecar

PRODUCT = {
    "asin": "B08G9PRS1K",
    "title": "Project Hail Mary",
    "authors": [{"name": "Andy Weir"}],
    "ChapterInfo": {"chapters": [{"start_offset_ms": 0, "length_ms": 9, "title": "One"}]},
    "ContentReference": {"sku": "x"},
}


@pytest.fixture
def sidecar(tmp_path) -> str:
    return str(tmp_path / "Book.metadata.json")


def write(path: str, content: bytes) -> str:
    with open(path, "wb") as file:
        file.write(content)
    return path


def test_facts_and_chapters(sidecar: str) -> None:
    read = read_sidecar(write(sidecar, json.dumps(PRODUCT).encode()))
    assert (read.facts.asin, read.facts.title) == ("B08G9PRS1K", "Project Hail Mary")
    assert read.facts.sources == {"asin": "sidecar", "title": "sidecar", "authors": "sidecar"}
    assert read.chapters == (Chapter(start_ms=0, title="One"),)
    assert read.warning is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_of_json(sidecar: str, encoding: str) -> None:
    content = json.dumps({"title": "Café"}, ensure_ascii=False).encode(encoding)
    assert read_sidecar(write(sidecar, content)).facts.title == "Café"


def test_an_empty_product_is_no_fault(sidecar: str) -> None:
    read = read_sidecar(write(sidecar, b"{}"))
    assert (read.facts.sources, read.chapters, read.warning) == ({}, (), None)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not complete JSON"),
        (json.dumps(PRODUCT).encode()[:40], "not complete JSON"),
        (b"\xff\xfe\x00junk", "not complete JSON"),
        (b"[" * 200_000, "not complete JSON"),
        (b"[]", "holds no product"),
        (b"null", "holds no product"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
    ids=["empty", "half", "binary", "deep", "list", "null", "huge"],
)
def test_a_broken_sidecar_is_a_sentence(sidecar: str, content: bytes, why: str) -> None:
    read = read_sidecar(write(sidecar, content))
    assert read.facts.sources == {}
    assert read.warning is not None
    assert why in read.warning
    assert "Book.metadata.json" in read.warning


def test_gone_a_folder_or_a_fifo(sidecar: str) -> None:
    assert "cannot be read" in (read_sidecar(sidecar).warning or "")
    os.mkdir(sidecar)
    assert "cannot be read" in (read_sidecar(sidecar).warning or "")
    os.rmdir(sidecar)
    os.mkfifo(sidecar)
    assert "not a plain file" in (read_sidecar(sidecar).warning or "")


def test_names_that_are_not_utf8(tmp_path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"B\xfcch\n.metadata.json")
    write(os.fsdecode(path), b"{")
    warning = read_sidecar(os.fsdecode(path)).warning
    assert warning is not None
    warning.encode()  # fit for every output


def test_unpaired_surrogates_do_not_travel_on(sidecar: str) -> None:
    read = read_sidecar(write(sidecar, b'{"title": "A\\ud800B"}'))
    assert read.facts.title == "A?B"


def test_the_sidecar_of_a_folder(tmp_path) -> None:
    assert find_sidecar(str(tmp_path)) is None
    assert find_sidecar(str(tmp_path / "gone")) is None
    for name in ("metadata.json", ".hidden.metadata.json", "b.metadata.json", "A.METADATA.JSON"):
        write(str(tmp_path / name), b"{}")
    assert find_sidecar(str(tmp_path)) == str(tmp_path / "A.METADATA.JSON")
    assert pick_sidecar(["metadata.json", "book.m4b"]) is None
