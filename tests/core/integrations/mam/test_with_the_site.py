"""The client with the double of the tracker, over real HTTP and in-process: the same answers either way."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.domain.freeleech import is_free_for
from core.domain.metainfo import Metainfo
from core.errors import AuthFailed, BadReply, IntegrationError, RateLimited, Rejected, Unreachable
from core.integrations.mam.client import Mam
from core.integrations.mam.errors import OutcomeUnknown, WrongNetwork
from core.integrations.mam.query import SearchQuery
from core.integrations.mam.session import SessionFile
from core.integrations.mam.transport import HttpTransport, Transport
from tests.core.integrations.mam.conftest import HastyClock, MemoryLedger
from tests.world import outside
from tests.world.mam import (
    DirectTransport,
    Network,
    Shelf,
    Site,
    create_app,
    make_site,
    stocked,
    tracker_url,
    troubles,
)
from tests.world.mam.economy import GIB
from tests.world.mam.knobs import ROW_STYLES
from tests.world.mam.shelf import Torrent
from tests.world.outside import Served, serving

DAY = timedelta(days=1)


class Link:
    """A site, and a program that is connected to it; `mam` is the client of the program's present run."""

    def __init__(self, site: Site, clock: HastyClock, connect: Callable[[str, float], Mam]) -> None:
        self.site, self.clock = site, clock
        self._connect = connect
        self.seed = site.sign_in()
        self.mam = connect(self.seed, 30.0)
        self.served: Served | None = None

    async def restart(self, seed: str | None = None, *, timeout: float = 30.0) -> Mam:
        await self.mam.close()
        self.seed = seed or self.seed
        self.mam = self._connect(self.seed, timeout)
        return self.mam


@pytest.fixture
def site(clock: HastyClock) -> Site:
    return make_site(clock=clock, shelf=stocked(more=30))


@pytest.fixture(params=["direct", "http"])
async def link(
    request: pytest.FixtureRequest,
    site: Site,
    clock: HastyClock,
    file: Path,
    ledger: MemoryLedger,
    session: aiohttp.ClientSession,
) -> AsyncIterator[Link]:
    over: Transport = DirectTransport(site)
    bases: dict[str, str] = {}

    def connect(seed: str, timeout: float) -> Mam:
        file_of_it = SessionFile(file, seed)
        return Mam(over, file_of_it, ledger, clock, jitter=lambda: 0.0, timeout=timeout, **bases)  # type: ignore[arg-type]

    if request.param == "direct":
        link = Link(site, clock, connect)
        yield link
        await link.mam.close()
    else:
        async with serving(create_app(site)) as served:
            over = HttpTransport("mam", lambda: session)
            bases = {"base_url": served.url, "tracker_url": tracker_url(served.url)}
            link = Link(site, clock, connect)
            link.served = served
            yield link
            await link.mam.close()
    kept_to_the_rules(site)


def kept_to_the_rules(site: Site) -> None:
    """Whatever a test did, the client called nothing that is not permitted, and never too fast."""
    assert site.violations == []
    assert site.too_fast == []
    assert site.findings == []


def first_paid(site: Site) -> Torrent:
    return next(torrent for torrent in site.shelf if not torrent.free and not torrent.vip)


# --- looking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", [*ROW_STYLES, "mixed"])
async def test_rows_say_the_same_however_they_are_typed(link: Link, style: Any) -> None:
    link.site.knobs.rows = style
    wanted = next(torrent for torrent in link.site.shelf if torrent.series and torrent.vip)
    row = await link.mam.torrent(wanted.id)
    assert row is not None
    assert (row.id, row.title, row.vip, row.free) == (wanted.id, wanted.title, True, wanted.free)
    assert (row.seeders, row.category, row.main_category) == (wanted.seeders, wanted.category[0], 13)
    assert row.asin == wanted.asin
    if style not in ("broken", "mixed"):
        assert tuple(person.name for person in row.authors) == wanted.authors
        assert tuple((series.name, series.number) for series in row.series) == wanted.series
        assert row.size is not None
        assert row.size == pytest.approx(wanted.size, rel=0.01)
    assert "direct-link" not in repr(row)


async def test_a_search_pages_by_the_rows_received(link: Link) -> None:
    """It ends when all that were found have come."""
    query = SearchQuery(main_categories=(), kind="all", per_page=10)
    found = [row.id async for row in link.mam.rows(query)]
    assert sorted(found) == [torrent.id for torrent in link.site.shelf]
    starts = [json.loads(asked.call.body)["tor"]["startNumber"] for asked in link.site.calls("search")]
    assert starts == list(range(0, len(link.site.shelf), 10))


async def test_paging_ends_with_an_empty_page(link: Link) -> None:
    page = {"data": [{"id": 1}], "found": 50}
    link.site.troubles.plan("search", troubles.says(page), troubles.says({"data": [], "found": 50}))
    assert [row.id async for row in link.mam.rows(SearchQuery(text="x"))] == [1]
    assert len(link.site.calls("search")) == 2


async def test_paging_ends_with_nothing_returned(link: Link) -> None:
    page = {"data": [{"id": 1}], "found": 50}
    nothing = {"error": "Nothing returned, out of 1"}
    link.site.troubles.plan("search", troubles.says(page), troubles.says(nothing))
    assert [row.id async for row in link.mam.rows(SearchQuery(text="x"))] == [1]


async def test_paging_ends_where_the_total_is_missing_or_a_page_comes_again(link: Link) -> None:
    short = {"data": [{"id": 1}, {"id": "no id"}]}
    link.site.troubles.plan("search", troubles.says(short))
    assert [row.id async for row in link.mam.rows(SearchQuery(text="x"))] == [1]
    again = {"data": [{"id": 1}, {"id": 1}], "found": 10**9}
    link.site.troubles.plan("search", troubles.says(again), always=True)
    assert [row.id async for row in link.mam.rows(SearchQuery(text="x"))] == [1]
    assert len(link.site.calls("search")) == 3


async def test_rows_that_come_twice_are_given_once_and_no_more_than_wanted(link: Link) -> None:
    link.site.knobs.repeat_rows = True
    link.site.knobs.found_as = "total_found"
    query = SearchQuery(main_categories=(), kind="all", per_page=10)
    found = [row.id async for row in link.mam.rows(query)]
    assert len(found) == len(set(found))
    assert len([row async for row in link.mam.rows(query, limit=7)]) == 7


async def test_words_fields_and_kinds(link: Link) -> None:
    wanted = link.site.shelf.add(
        Torrent(id=5, title="Tom & Jerry's <Book>", authors=("Ann O'Neil",), free=True, narrators=("Bo",))
    )
    for query in (
        SearchQuery(text="Jerry's Tom!"),
        SearchQuery(text="neil", fields=("author",)),
        SearchQuery(text='@narrator bo @title "jerry\'s"', operators=True),
        SearchQuery(text="tom", kind="fl"),
    ):
        page = await link.mam.search(query)
        assert [row.id for row in page.rows] == [wanted.id]
        assert page.rows[0].title == wanted.title
    assert (await link.mam.search(SearchQuery(text="tom", kind="VIP"))).rows == ()
    assert (await link.mam.search(SearchQuery(text="jerry", fields=("author",)))).found == 0


async def test_a_torrent_by_its_infohash(link: Link) -> None:
    wanted = first_paid(link.site)
    row = await link.mam.torrent_by_infohash(wanted.infohash.upper())
    assert row is not None
    assert row.id == wanted.id
    assert await link.mam.torrent_by_infohash("0" * 40) is None
    two = {"data": [{"id": 1}, {"id": 2}], "found": 2}
    link.site.troubles.plan("search", troubles.says(two))
    with pytest.raises(BadReply, match="several"):
        await link.mam.torrent_by_infohash(wanted.infohash)


async def test_free_for_whom(link: Link, clock: HastyClock) -> None:
    vip = next(torrent for torrent in link.site.shelf if torrent.vip and not torrent.free)
    row = await link.mam.torrent(vip.id)
    assert row is not None
    assert is_free_for(row, vip=True, until=clock.now() + DAY)
    assert not is_free_for(row, vip=False, until=clock.now() + DAY)
    link.site.event(hours=5, free=True)
    row = await link.mam.torrent(first_paid(link.site).id)
    assert row is not None
    assert is_free_for(row, vip=False, until=clock.now() + DAY)


@pytest.mark.parametrize("where", ["flat", "nested"])
@pytest.mark.parametrize("as_text", [False, True])
async def test_the_account(link: Link, where: Any, as_text: bool) -> None:
    link.site.knobs.account, link.site.knobs.as_text = where, as_text
    member = link.site.member
    member.vip_until = member.now + 30 * DAY
    one, two = list(link.site.shelf)[:2]
    link.site.snatch(one.id)
    link.site.snatch(two.id)
    link.site.seeding(two.id, on=False)
    link.clock.shift(80 * 3600)
    status = await link.mam.account()
    assert (status.classname, status.uploaded, status.downloaded) == (
        "VIP",
        member.uploaded,
        member.downloaded,
    )
    assert status.ratio == pytest.approx(member.ratio, abs=1e-5)
    assert status.points == int(member.points)
    assert (status.unsatisfied, status.unsatisfied_limit, status.seeding, status.hit_and_runs) == (
        1,
        150,
        1,
        0,
    )
    assert status.vip_until == member.vip_until.replace(microsecond=0)
    link.clock.shift(31 * 86_400)
    status = await (await link.restart(link.site.sign_in())).account()
    assert (status.hit_and_runs, status.vip_until, status.classname) == (1, None, "Power User")


async def test_a_brand_new_account_and_missing_fields(link: Link) -> None:
    member = link.site.member
    member.uploaded = member.downloaded = 0
    member.joined = member.now
    link.site.knobs.omit = frozenset({"wedges", "red", "vip_until", "connectable", "size"})
    status = await link.mam.account()
    assert (status.ratio, status.wedges, status.vip_until, status.unsatisfied_limit) == (None, None, None, 20)
    member.uploaded = 5
    assert (await link.mam.account(fresh=True)).ratio == math.inf


# --- doing -------------------------------------------------------------------------------------------------------


async def test_a_torrent_is_downloaded_and_is_the_one_it_should_be(link: Link) -> None:
    wanted = first_paid(link.site)
    content = await link.mam.download(wanted.id)
    metainfo = Metainfo.parse(content)
    assert (metainfo.infohash, metainfo.private) == (wanted.infohash, True)
    with pytest.raises(Rejected, match="404"):
        await link.mam.download(1)


async def test_a_wedge_makes_it_free_and_is_spent_once(link: Link) -> None:
    wanted = first_paid(link.site)
    await link.mam.download_with_wedge(wanted.id)
    row = await link.mam.torrent(wanted.id)
    assert row is not None
    assert row.personal_freeleech
    with pytest.raises(Rejected, match="free for this account already"):
        await link.mam.download_with_wedge(wanted.id)
    assert link.site.member.wedges == 2
    events = await link.mam.bonus_history()
    assert [(event.kind, event.amount, event.torrent_id) for event in events] == [
        ("wedgePF", -1.0, wanted.id)
    ]


async def test_no_wedge_is_wasted(link: Link) -> None:
    for torrent in [torrent for torrent in link.site.shelf if torrent.vip or torrent.free][:4]:
        with pytest.raises(Rejected):
            await link.mam.download_with_wedge(torrent.id)
    link.site.event(hours=10, free=True)
    with pytest.raises(Rejected):
        await link.mam.download_with_wedge(first_paid(link.site).id)
    assert link.site.member.spent("wedge", "wedge wasted") == []
    link.site.events.clear()
    link.site.member.wedges = 0
    with pytest.raises(Rejected, match="enough FL wedges"):
        await link.mam.download_with_wedge(first_paid(link.site).id)


async def test_vip_is_filled_to_its_cap(link: Link) -> None:
    member = link.site.member
    member.points, member.vip_until = 40_000, member.now + 20 * DAY
    bought = await link.mam.buy_vip()
    assert bought.amount == pytest.approx(10, abs=0.01)
    assert bought.points == pytest.approx(member.points, abs=0.01)
    assert (await link.mam.account()).vip_until == member.vip_until.replace(microsecond=0)
    with pytest.raises(Rejected, match="Min VIP is 1 week"):
        await link.mam.buy_vip()
    assert len(member.spent("vip")) == 1


async def test_too_few_points(link: Link) -> None:
    member = link.site.member
    member.points, member.vip_until = 3_000, None
    with pytest.raises(Rejected, match="Not enough bonus"):
        await link.mam.buy_vip()
    link.site.knobs.sells_partly = True
    assert (await link.mam.buy_vip()).amount == pytest.approx(2.4, abs=0.01)
    with pytest.raises(Rejected, match="Not enough bonus"):
        await link.mam.buy_upload(50)


async def test_upload_is_bought_by_the_50_gib_and_more(link: Link) -> None:
    member = link.site.member
    member.points, before = 60_000, member.uploaded
    bought = await link.mam.buy_upload(100)
    assert (bought.amount, bought.points, bought.uploaded) == (100.0, 10_000.0, before + 100 * GIB)
    with pytest.raises(Rejected, match="no less than 50"):
        await link.mam.buy_upload(49)
    assert len(link.site.calls("upload purchase")) == 1


@pytest.mark.parametrize(
    "hides", [troubles.lost(), troubles.cut(), troubles.half()], ids=["lost", "cut", "half"]
)
async def test_a_purchase_after_the_time_out_is_found_and_not_repeated(
    link: Link, hides: troubles.Fault
) -> None:
    """The site sold it and its answer got lost: the client says so, and the next look shows it."""
    await link.restart(timeout=0.5)
    link.site.member.points = 60_000
    link.site.troubles.plan("upload purchase", hides)
    with pytest.raises(OutcomeUnknown):
        await link.mam.buy_upload(50)
    assert len(link.site.member.spent("upload")) == 1
    assert len(link.site.calls("upload purchase")) == 1
    assert (await link.mam.account()).points == int(link.site.member.points)


@pytest.mark.parametrize(
    "fault", [troubles.silent(), troubles.refused(), troubles.status(503)], ids=["silent", "refused", "503"]
)
async def test_a_purchase_that_never_arrived_is_unknown_too_and_sent_once(
    link: Link, fault: troubles.Fault
) -> None:
    await link.restart(timeout=0.5)
    link.site.member.points = 60_000
    link.site.troubles.plan("VIP purchase", fault)
    with pytest.raises(OutcomeUnknown):
        await link.mam.buy_vip()
    assert link.site.member.spent("vip") == []
    assert len(link.site.calls("VIP purchase")) == 1


# --- the session -------------------------------------------------------------------------------------------------


async def test_the_session_is_renewed_with_each_answer_and_over_restarts(link: Link, file: Path) -> None:
    for _ in range(3):
        for number in range(3):
            await link.mam.torrent(number + 1)
        await link.restart()
    session = link.site.sessions.of(link.seed)
    assert len(session.values) == 10
    assert json.loads(file.read_text())["value"] == session.values[-1]


async def test_many_at_once_keep_the_newest_session(link: Link, file: Path) -> None:
    link.site.knobs.keep_old = "never"
    wanted = [torrent.id for torrent in link.site.shelf][:10]
    rows = await asyncio.gather(*(link.mam.torrent(number) for number in wanted))
    assert [row.id for row in rows if row] == wanted
    assert json.loads(file.read_text())["value"] == link.site.sessions.of(link.seed).values[-1]


@pytest.mark.parametrize(
    "fault", [troubles.cut(), troubles.half(), troubles.lost()], ids=["cut", "half", "lost"]
)
async def test_an_answer_that_breaks_off_loses_no_session(link: Link, fault: troubles.Fault) -> None:
    """Its headers are saved before its body is read; what never came at all is not needed yet."""
    await link.restart(timeout=0.5)
    link.site.troubles.plan("account", fault)
    with pytest.raises(IntegrationError):
        await link.mam.account()
    assert (await (await link.restart()).account()).uid == 100_001


async def test_locked_to_another_network_the_session_lives_on(link: Link) -> None:
    network = link.site.network
    await link.restart(link.site.sign_in(locked_asn=network.asn, locked_ip=network.ip))
    await link.mam.account(fresh=True)
    for moved, word in ((Network("10.9.9.9", 1234), "address"), (Network("10.2.3.4", 99), "provider")):
        for form in ("json", "text"):
            link.site.network = moved
            link.site.knobs.refusals_as = form  # type: ignore[assignment]
            with pytest.raises(WrongNetwork, match=word):
                await link.mam.account(fresh=True)
    link.site.network = network
    assert (await link.mam.account(fresh=True)).uid == 100_001


async def test_unused_too_long_the_session_is_dead_until_a_person_makes_another(link: Link) -> None:
    await link.mam.account()
    link.clock.shift(16 * 86_400)
    with pytest.raises(AuthFailed, match="MAM_ID"):
        await link.mam.account()
    await link.restart()
    with pytest.raises(AuthFailed):
        await link.mam.account()
    asked = len(link.site.requests)
    await link.restart()
    with pytest.raises(AuthFailed):
        await link.mam.account()
    assert len(link.site.requests) == asked
    await link.restart(link.site.sign_in())
    assert (await link.mam.account()).uid == 100_001


async def test_a_session_of_the_wrong_kind(link: Link) -> None:
    await link.restart(link.site.sign_in(kind="browser"))
    with pytest.raises(AuthFailed, match="wrong kind"):
        await link.mam.account()


async def test_the_sentinel_of_a_dead_cookie_is_no_session(link: Link, file: Path) -> None:
    link.site.troubles.plan("account", troubles.dead_cookie())
    with pytest.raises(AuthFailed):
        await link.mam.account()
    assert json.loads(file.read_text())["value"] != "deleted"
    assert (await (await link.restart()).account()).uid == 100_001


async def test_doubtful_pages(link: Link) -> None:
    link.site.troubles.plan("account", troubles.not_signed_in())
    with pytest.raises(BadReply, match="not signed in"):
        await link.mam.account()
    assert (await link.mam.account()).uid == 100_001
    link.site.troubles.plan("*", troubles.login_page(), troubles.empty())
    with pytest.raises(BadReply):
        await link.mam.torrent(5)
    with pytest.raises(AuthFailed, match="twice"):
        await link.mam.torrent(5)


# --- seedbox and address -----------------------------------------------------------------------------------------


async def test_the_seedbox_follows_the_client(link: Link) -> None:
    assert (await link.mam.json_ip()).ip == "10.2.3.4"
    assert (await link.mam.dynamic_seedbox()).changed
    link.clock.shift(3700)
    assert not (await link.mam.dynamic_seedbox()).changed
    link.site.network = Network("10.9.9.9", 77, "Elsewhere")
    link.site.seedbox_changed = link.clock.now() + timedelta(seconds=3600)
    link.clock.shift(3700)
    with pytest.raises(RateLimited) as raised:
        await link.mam.dynamic_seedbox()
    assert raised.value.retry_after == 3600
    link.clock.shift(3700)
    update = await link.mam.dynamic_seedbox()
    assert (update.changed, update.ip, update.asn) == (True, "10.9.9.9", 77)


async def test_a_session_that_may_not_set_the_seedbox_may_do_the_rest(link: Link) -> None:
    await link.restart(link.site.sign_in(seedbox_allowed=False))
    with pytest.raises(Rejected, match="Dynamic Seedbox"):
        await link.mam.dynamic_seedbox()
    assert (await link.mam.account()).uid == 100_001


# --- the way -----------------------------------------------------------------------------------------------------


async def test_asked_faster_than_allowed_it_rests(link: Link) -> None:
    link.site.knobs.least_gap = 30
    await link.mam.torrent(5)
    with pytest.raises(RateLimited) as raised:
        await link.mam.torrent(5)
    assert raised.value.retry_after == 60
    link.clock.shift(61)
    await link.mam.torrent(5)
    assert len(link.site.too_fast) == 1
    link.site.too_fast.clear()


async def test_down_for_hours_and_back(link: Link) -> None:
    link.site.troubles.down(hours=3)
    for _ in range(3):
        with pytest.raises(Unreachable):
            await link.mam.account()
    link.clock.shift(3 * 3600)
    assert (await link.mam.account()).uid == 100_001


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        ([outside.html()], BadReply),
        ([outside.half_json()], BadReply),
        ([outside.cut()], Unreachable),
        ([outside.drop()], Unreachable),  # one is enough: nothing is asked twice behind our back
        ([outside.silence()], Unreachable),
        ([outside.huge()], BadReply),
        ([outside.status(502)], Unreachable),
    ],
    ids="html half_json cut drop silence huge 502".split(),
)
async def test_trouble_on_the_way(link: Link, faults: list[outside.Fault], kind: type[Exception]) -> None:
    if link.served is None:
        assert isinstance(link.mam, Mam)
        return  # these faults are of real connections
    if "silence" in str(faults):
        await link.restart(timeout=0.5)
    link.served.outside.fail("GET /jsonLoad.php", *faults)
    with pytest.raises(kind):
        await link.mam.account()
    assert len(link.served.outside.asked("/jsonLoad.php")) == 1
    link.clock.shift(60)
    assert (await link.mam.account()).uid == 100_001


async def test_a_redirect_is_not_followed(link: Link) -> None:
    link.site.troubles.plan("account", troubles.status(302, Location="https://example.org/login"))
    with pytest.raises(BadReply, match="elsewhere"):
        await link.mam.account()
    assert len(link.site.requests) == 1


async def test_every_request_says_who_it_is(link: Link) -> None:
    await link.mam.account()
    await link.mam.json_ip()
    for asked in link.site.requests:
        assert asked.call.headers["User-Agent"].startswith("Mousekeeper/")
        assert link.served is None or asked.call.headers["Connection"] == "close"
    assert link.site.requests[1].call.cookie is None


async def test_an_empty_shelf(clock: HastyClock, file: Path, ledger: MemoryLedger) -> None:
    site = make_site(clock=clock, shelf=Shelf())
    mam = Mam(DirectTransport(site), SessionFile(file, site.sign_in()), ledger, clock)
    assert [row async for row in mam.rows(SearchQuery())] == []
    await mam.close()
