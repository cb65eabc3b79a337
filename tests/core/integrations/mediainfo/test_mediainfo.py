"""MediaInfo on real audio, whole and broken, by the built-in library and by the program."""

import asyncio
import json
import os
import shutil
import stat

import pytest

from core.domain.book import Chapter, Person
from core.errors import BadReply, ConfigError, NeedsPerson, NotNow
from core.integrations.mediainfo.client import MediaInfo, library_version
from core.integrations.mediainfo.models import report
from tests.world.waiting import until

pytestmark = pytest.mark.audio
PROGRAM = shutil.which("mediainfo")
WAYS = [None, PROGRAM] if PROGRAM else [None]


@pytest.fixture(params=WAYS, ids=lambda way: "program" if way else "library")
def mediainfo(request) -> MediaInfo:
    return MediaInfo(binary=request.param)


def part_of(audio: str, name: str, share: float, target: str) -> str:
    with open(os.path.join(audio, name), "rb") as whole, open(target, "wb") as cut:
        cut.write(whole.read(int(os.path.getsize(whole.name) * share)))
    return target


async def test_an_audiobook_tells_all_about_itself(mediainfo: MediaInfo, audio: str) -> None:
    found = await mediainfo.inspect(f"{audio}/book.m4b")
    assert found.file == "book.m4b"
    assert found.duration_s == pytest.approx(6, abs=0.1)
    assert (found.format, found.codec, found.profile) == ("AAC", "mp4a-40-2", "LC")
    assert (found.channels, found.sampling_rate, found.has_cover) == (1, 44_100, True)
    assert found.bitrate == pytest.approx(32_000, rel=0.1)
    assert found.chapters == (
        Chapter(start_ms=0, title="Opening Credits"),
        Chapter(start_ms=2000, title="Kapitel Ä"),
    )
    assert found.tags.title == "My Book"
    assert found.tags.authors == [Person(name="Ann Author"), Person(name="Bob Writer")]
    assert (found.tags.narrators, found.tags.year) == (["Nora Reader"], 2021)
    assert set(found.tags.sources.values()) == {"tags"}


@pytest.mark.parametrize(
    ("name", "format_"), [("book.mp3", "MPEG Audio"), ("book.opus", "Opus"), ("late.m4b", "AAC")]
)
async def test_other_audio(mediainfo: MediaInfo, audio: str, name: str, format_: str) -> None:
    found = await mediainfo.inspect(f"{audio}/{name}")
    assert (found.format, round(found.duration_s)) == (format_, 6)


async def test_no_path_and_no_date_gets_out(mediainfo: MediaInfo, audio: str) -> None:
    raw = (await mediainfo.inspect(f"{audio}/book.m4b")).raw
    assert raw["media"]["@ref"] == "book.m4b"
    shown = json.dumps(raw)
    assert audio not in shown
    assert "tmp" not in shown
    assert "_Date" not in shown.replace("Recorded_Date", "")
    assert raw["media"]["track"][1]["@type"] == "Audio"


ODD_NAMES = {
    "not-utf8": b"B\xfcch.m4b",
    "newline": b"two\nlines.m4b",
    "emoji": "📚 буква é.m4b".encode(),
    "dash": b"--Help.m4b",
    "globs": b"[a]*?'\".m4b",
    "blank": b"trailing .m4b ",
    "url": b"http:x.m4b",
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
async def test_odd_names(mediainfo: MediaInfo, audio: str, tmp_path, name: bytes) -> None:
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))
    shutil.copy(f"{audio}/book.m4b", path)
    found = await mediainfo.inspect(path)
    assert os.fsencode(found.file) == name
    assert len(found.chapters) == 2
    json.dumps(found.raw, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("name", "share"),
    [("book.m4b", 0.5), ("book.m4b", 0.95), ("late.m4b", 0.7), ("late.m4b", 0.999), ("book.mp3", 0.5)],
)
async def test_half_a_file_is_found_out(
    mediainfo: MediaInfo, audio: str, tmp_path, name: str, share: float
) -> None:
    path = part_of(audio, name, share, str(tmp_path / f"half {name}"))
    with pytest.raises(NeedsPerson, match=f"half {name}.*(cut off|no audio track)"):
        await mediainfo.inspect(path)


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"hello", "no audio track"), (b"\0" * 100_000, "no audio track")]
)
async def test_what_only_bears_the_name(mediainfo: MediaInfo, tmp_path, content: bytes, why: str) -> None:
    path = tmp_path / "book.m4b"
    path.write_bytes(content)
    with pytest.raises(NeedsPerson, match=f"'book.m4b'.*{why}"):
        await mediainfo.inspect(str(path))


async def test_a_picture_is_no_audio(mediainfo: MediaInfo, audio: str) -> None:
    with pytest.raises(NeedsPerson, match="no audio track"):
        await mediainfo.inspect(f"{audio}/cover.jpg")


async def test_a_missing_file_may_come_back(tmp_path) -> None:
    with pytest.raises(NotNow, match=r"'gone\.m4b' is not there"):
        await MediaInfo().inspect(str(tmp_path / "gone.m4b"))
    with pytest.raises(NeedsPerson, match="is not a file"):
        await MediaInfo().inspect(str(tmp_path))


async def test_many_files_at_once(audio: str) -> None:
    names = ["book.m4b", "late.m4b", "book.mp3", "book.opus"] * 3
    found = await asyncio.gather(*(MediaInfo().inspect(f"{audio}/{name}") for name in names))
    assert [one.file for one in found] == names
    assert {round(one.duration_s) for one in found} == {6}


def program(folder, body: str) -> str:
    path = folder / "fake-mediainfo"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def test_a_program_that_hangs_is_ended(audio: str, tmp_path) -> None:
    note = tmp_path / "pid"
    body = f"echo $$ > '{note}'\nexec tail -f /dev/null"
    with pytest.raises(NotNow, match=r"did not finish 'book\.m4b' within 3 seconds"):
        await MediaInfo(binary=program(tmp_path, body), timeout=3).inspect(f"{audio}/book.m4b")
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_a_cancelled_look_leaves_no_process(audio: str, tmp_path) -> None:
    note = tmp_path / "pid"
    body = f"echo $$ > '{note}'\nexec tail -f /dev/null"
    looking = asyncio.create_task(MediaInfo(binary=program(tmp_path, body)).inspect(f"{audio}/book.m4b"))
    pid = int(await until(lambda: note.exists() and note.read_text().strip()))
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("output", ["", "not json", "[]"])
async def test_a_program_that_says_junk(audio: str, tmp_path, output: str) -> None:
    with pytest.raises(BadReply, match=r"book\.m4b"):
        await MediaInfo(binary=program(tmp_path, f"echo '{output}'")).inspect(f"{audio}/book.m4b")


async def test_a_program_that_is_not_there(audio: str) -> None:
    with pytest.raises(ConfigError, match="does not start"):
        await MediaInfo(binary="/nowhere/mediainfo").inspect(f"{audio}/book.m4b")


def test_the_library_comes_along() -> None:
    assert int(library_version().split(".")[0]) >= 23


AUDIO = {"@type": "Audio", "Format": "USAC", "CodecID": "mp4a-40-42", "StreamSize": "90"}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"media": None}, "finds nothing to read"),
        ({}, "finds nothing to read"),
        ({"media": {"track": None}}, "is empty"),
        ({"media": {"track": [{"@type": "General", "FileSize": "100"}, AUDIO]}}, "without a length"),
        ({"media": {"track": [{"@type": "General", "FileSize": "50", "Duration": "9"}, AUDIO]}}, "cut off"),
    ],
)
def test_documents_that_describe_no_audio(document: dict, why: str) -> None:
    with pytest.raises(NeedsPerson, match=why):
        report(document, "book.m4b")


def test_tags_of_other_taggers() -> None:
    general = {
        "@type": "General",
        "FileSize": "100",
        "Duration": "9",
        "Title": "T",
        "Album_Performer": "Lee, Ann",
    }
    general |= {"Genre": "Audiobook; Fantasy", "Released_Date": "2019-05", "Publisher": "P"}
    general["extra"] = {"CDEK": "B08G9PRS1K", "SERIES": "Saga", "SERIES-PART": "Book 2"}
    found = report({"media": {"@ref": "x", "track": [general, AUDIO | {"Language": "de"}]}}, "b.m4b")
    tags = found.tags
    assert (tags.asin, tags.title, tags.year, tags.language) == ("B08G9PRS1K", "T", 2019, "german")
    assert tags.authors == [Person(name="Ann Lee")]
    assert (tags.series[0].name, tags.series[0].position) == ("Saga", "2")
    assert tags.genres == ["Audiobook", "Fantasy"]
    assert (found.format, found.chapters, found.has_cover) == ("USAC", (), False)
