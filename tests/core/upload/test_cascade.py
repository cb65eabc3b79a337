"""Each field from the best source that knows it, and no source that holds the book up."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from core.domain.answer import BookAnswer
from core.domain.book import BookFacts, Chapter, Person, SeriesRef
from core.errors import BadReply, RateLimited, Rejected, Unreachable
from core.upload.cascade import SERIES_MISSING, Evidence, describe, needs_enrichment
from core.upload.sidecar import Sidecar

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ASIN = "B08G9PRS1K"
OTHER = "B000000001"
WEIR = [Person(name="Andy Weir")]


class Catalogue:
    """A source that knows `books`, or raises, or hangs; it remembers what it was asked."""

    def __init__(
        self, name: str, *books: BookFacts, error: Exception | None = None, hangs: bool = False
    ) -> None:
        self.name = name
        self.books = [BookAnswer(book.named(name), {"title": book.title}, "us") for book in books]
        self.error = error
        self.hangs = hangs
        self.asked: list[str] = []

    async def by_asin(self, asin: str) -> BookAnswer | None:
        await self._asked(asin)
        return next((answer for answer in self.books if answer.facts.asin == asin), None)

    async def search(self, title: str, author: str | None = None) -> list[BookAnswer]:
        await self._asked(f"{title} / {author}")
        return self.books

    async def _asked(self, what: str) -> None:
        self.asked.append(what)
        if self.hangs:
            await asyncio.Event().wait()
        if self.error:
            raise self.error


class WithChapters(Catalogue):
    async def chapters(self, asin: str, region: str) -> list[Chapter] | None:
        return [Chapter(start_ms=number, title=str(number)) for number in range(30)]


def folder(**facts) -> BookFacts:
    return BookFacts(**{"title": "Project Hail Mary", "authors": WEIR, **facts}).named("folder")


async def test_every_field_comes_from_the_best_source_that_knows_it() -> None:
    evidence = Evidence(
        edit=BookFacts(publisher="Mine").named("edit"),
        sidecar=Sidecar(BookFacts(asin=ASIN, title="Hail Mary", publisher="Libation").named("sidecar")),
        folder=folder(asin=OTHER, year=2020),
        tags=BookFacts(year=1999, language="english").named("tags"),
    )
    audnex = Catalogue("audnex", BookFacts(asin=ASIN, title="Project Hail Mary", narrators=["Ray Porter"]))
    audible = Catalogue("audible", BookFacts(asin=ASIN, narrators=["X"], category_ladders=[["SF"]]))
    description = await describe(evidence, [audnex, audible], NOW)
    assert description.facts.sources == {
        "publisher": "edit",
        "asin": "sidecar",
        "title": "sidecar",
        "narrators": "audnex",
        "category_ladders": "audible",
        "authors": "folder",
        "year": "folder",
        "language": "tags",
    }
    assert description.facts.asin == ASIN
    assert description.raw_audnex == {"title": "Project Hail Mary"}
    assert (description.pending, audnex.asked) == ((), [ASIN])


async def test_a_complete_book_spares_the_further_catalogues() -> None:
    full = BookFacts(
        asin=ASIN, title="T", authors=WEIR, narrators=["R"], runtime_min=1, release_date="2021-05-04"
    )
    full = full.model_copy(
        update={"description": "d", "language": "english", "cover_url": "u", "category_ladders": [["a"]]}
    )
    audnex, audible = Catalogue("audnex", full), Catalogue("audible", full)
    await describe(Evidence(sidecar=Sidecar(full.named("sidecar"))), [audnex, audible], NOW)
    assert (audnex.asked, audible.asked) == ([ASIN], [])


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (Unreachable("audnex", "audnex cannot be reached."), 900),
        (RateLimited("audnex", "audnex wants no request.", retry_after=42), 42),
        (BadReply("audnex", "audnex sent HTML."), 3_600),
        (Rejected("audnex", "audnex refused."), 86_400),
    ],
)
async def test_a_failing_source_is_noted_and_the_next_one_asked(error, retry_after) -> None:
    audnex = Catalogue("audnex", error=error)
    audible = Catalogue("audible", BookFacts(asin=ASIN, narrators=["Ray Porter"]))
    description = await describe(Evidence(folder=folder(asin=ASIN)), [audnex, audible], NOW)
    assert description.facts.narrators == ["Ray Porter"]
    (pending,) = description.pending
    assert (pending.source, pending.reason, pending.retry_after) == ("audnex", error.message, retry_after)


async def test_silent_sources_share_the_time_and_the_book_is_described_all_the_same() -> None:
    sources = [Catalogue("audnex", hangs=True), Catalogue("audible", hangs=True)]
    began = asyncio.get_running_loop().time()
    description = await describe(Evidence(folder=folder(asin=ASIN)), sources, NOW, timeout=0.1)
    assert asyncio.get_running_loop().time() - began < 5
    assert [note.source for note in description.pending] == ["audnex", "audible"]
    assert description.facts.title == "Project Hail Mary"


async def test_the_caller_can_still_cancel() -> None:
    audnex = Catalogue("audnex", hangs=True)
    task = asyncio.create_task(describe(Evidence(folder=folder(asin=ASIN)), [audnex], NOW))
    while not audnex.asked:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_confirmed_find_by_title_is_taken_with_its_asin() -> None:
    wrong = BookFacts(asin=OTHER, title="Project Hail Mary", authors=[Person(name="Ann Lee")])
    right = BookFacts(asin=ASIN, title="Project Hail Mary: A Novel", authors=WEIR, runtime_min=970)
    audnex = Catalogue("audnex", wrong, right)
    audible = Catalogue("audible", right)
    description = await describe(Evidence(folder=folder(), duration_s=58_000), [audnex, audible], NOW)
    assert description.facts.asin == ASIN
    assert audnex.asked == ["Project Hail Mary / Andy Weir"]
    assert audible.asked == [ASIN]
    assert description.warnings == ()


async def test_a_found_edition_does_not_displace_the_asin_we_hold() -> None:
    audnex = Catalogue(
        "audnex", BookFacts(asin=OTHER, title="Project Hail Mary", authors=WEIR, narrators=["Ray"])
    )
    description = await describe(Evidence(folder=folder(asin=ASIN)), [audnex], NOW)
    assert (description.facts.asin, description.facts.narrators) == (ASIN, ["Ray"])


@pytest.mark.parametrize(
    ("facts", "evidence", "doubt"),
    [
        (BookFacts(title="Artemis", authors=WEIR), {"folder": folder()}, "the title differs"),
        (BookFacts(title="Project Hail Mary"), {"folder": folder()}, "the author is unknown"),
        (
            BookFacts(title="Project Hail Mary", authors=WEIR, runtime_min=100),
            {"folder": folder(), "duration_s": 58_000.0},
            "the length differs",
        ),
        (
            BookFacts(title="Project Hail Mary", authors=WEIR),
            {"folder": folder(authors=[])},
            "the author is unknown",
        ),
    ],
)
async def test_an_unconfirmed_find_is_told_and_not_used(facts, evidence, doubt) -> None:
    description = await describe(Evidence(**evidence), [Catalogue("audnex", facts)], NOW)
    (warning,) = description.warnings
    assert warning.startswith("Unconfirmed match: audnex offers")
    assert doubt in warning
    assert "audnex" not in description.facts.sources.values()
    assert description.raw_audnex is None


async def test_without_any_title_nobody_is_searched() -> None:
    audnex = Catalogue("audnex")
    description = await describe(Evidence(), [audnex], NOW)
    assert (audnex.asked, description.facts.sources) == ([], {})


@pytest.mark.parametrize(
    ("duration_s", "warned"),
    [(58_200, False), (60_900, False), (61_500, True), (30_000, True), (None, False)],
)
async def test_the_audio_is_held_against_the_runtime(duration_s, warned) -> None:
    book = BookFacts(asin=ASIN, title="Project Hail Mary", runtime_min=970)
    evidence = Evidence(folder=folder(asin=ASIN), duration_s=duration_s)
    description = await describe(evidence, [Catalogue("audnex", book)], NOW)
    assert any("audnex says 970 min" in warning for warning in description.warnings) is warned


async def test_a_title_far_from_the_folders_is_told() -> None:
    book = BookFacts(asin=ASIN, title="Emma")
    description = await describe(Evidence(folder=folder(asin=ASIN)), [Catalogue("audnex", book)], NOW)
    assert "“Project Hail Mary” hardly resembles “Emma” from audnex" in description.warnings[0]


@pytest.mark.parametrize(("in_audio", "warned"), [(30, False), (29, False), (20, True), (None, False)])
async def test_chapters_are_counted_where_known(in_audio, warned) -> None:
    book = BookFacts(asin=ASIN, title="Project Hail Mary")
    evidence = Evidence(folder=folder(asin=ASIN), chapters=in_audio)
    description = await describe(evidence, [WithChapters("audnex", book)], NOW)
    assert any("chapters where 30 are expected" in warning for warning in description.warnings) is warned
    assert len(description.chapters) == (30 if in_audio else 0)


async def test_the_sidecars_warning_is_passed_on() -> None:
    evidence = Evidence(sidecar=Sidecar(BookFacts(), warning="The sidecar is broken."))
    assert (await describe(evidence, [], NOW)).warnings == ("The sidecar is broken.",)


@pytest.mark.parametrize(
    ("released", "series", "again"),
    [
        ("2026-10-28", [], True),
        ("2026-12-24", [], True),
        ("2020-01-01", [], False),
        (None, [], False),
        ("someday", [], False),
        ("2026-10-28", [SeriesRef(name="Saga")], False),
    ],
)
async def test_a_new_release_without_series_is_looked_at_again(released, series, again) -> None:
    evidence = Evidence(folder=folder(release_date=released, series=series))
    description = await describe(evidence, [], NOW)
    assert (SERIES_MISSING in description.warnings) is again
    when = needs_enrichment(description.facts, description.warnings, released, NOW)
    assert when == (NOW + timedelta(days=14) if again else None)
    later = datetime.combine(date(2027, 3, 1), datetime.min.time(), UTC)
    assert needs_enrichment(description.facts, description.warnings, released, later) is None
