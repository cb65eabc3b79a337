"""Every answer of the tracker's error table, and the error a person gets to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import AuthFailed, BadReply, IntegrationError, RateLimited, Rejected, Unreachable
from core.http import Reply
from core.integrations.mam.client import Mam
from core.integrations.mam.errors import OutcomeUnknown, WrongNetwork
from core.integrations.mam.query import SearchQuery
from tests.core.integrations.mam.conftest import Desk, HastyClock, reply

ACCOUNT = {"uid": 1, "classname": "VIP", "seedbonus": 5000}
LOGIN = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Password</body></html>"
MAINTENANCE = b"<!DOCTYPE html><html><head><title>One moment</title></head><body>Please wait.</body></html>"
NOT_SIGNED_IN = b"Error, you are not signed in <br />Other error"


def refused(msg: str) -> Reply:
    return reply(403, {"Success": False, "msg": msg, "ip": "10.2.3.4", "ASN": 1234, "AS": "Org"})


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (refused("Invalid session - ASN mismatch"), WrongNetwork, "provider"),
        (refused("Invalid session - IP mismatch"), WrongNetwork, "address"),
        (reply(403, b"Invalid session - IP mismatch"), WrongNetwork, "still alive"),
        (refused("Invalid session - Invalid Cookie"), AuthFailed, "dead"),
        (refused("Incorrect session type - non-API session"), AuthFailed, "wrong kind"),
        (refused("Incorrect session type - not allowed this function"), Rejected, "Dynamic Seedbox"),
        (refused("Invalid session - Other"), BadReply, "once more"),
        (refused("Invalid session"), BadReply, "once more"),
        (refused("No Session Cookie"), BadReply, "once more"),
        (reply(403, b"<html>Forbidden</html>"), BadReply, "without saying whether"),
        (
            reply(401, b"ip 1.2.3.4 does not match account, and no auth cookie provided"),
            WrongNetwork,
            "locked",
        ),
        (reply(200, NOT_SIGNED_IN), BadReply, "not signed in"),
        (reply(200, b"Error, no such function <br />"), Rejected, "no such function"),
        (reply(200, b""), BadReply, "empty"),
        (reply(200, LOGIN), BadReply, "login page"),
        (reply(302, b"", headers={"Location": "/login"}), BadReply, "elsewhere"),
        (reply(200, MAINTENANCE), BadReply, "maintenance"),
        (reply(200, b'{"uid": 1, "user'), BadReply, "JSON"),
        (reply(200, b"null"), BadReply, "page"),
        (reply(200, [1, 2]), BadReply, "says nothing"),
        (reply(200, {"data": []}), BadReply, "says nothing"),
        (reply(200, {"error": "Too many searches"}), Rejected, "Too many searches"),
        (reply(200, {"message": "Not possible"}), Rejected, "Not possible"),
        (reply(410, b"Not allowed via API"), Rejected, "no longer lets programs"),
        (reply(404, b"<html>gone</html>"), Rejected, "(404)"),
        (reply(400, {"error": "Bad key 0123456789abcdef0123456789abcdef"}), Rejected, "Bad key …"),
        (reply(500, b"oops"), Unreachable, "out of order"),
        (reply(503, MAINTENANCE), Unreachable, "out of order"),
        (reply(429, b"", headers={"Retry-After": "90"}), RateLimited, "rest"),
        (Unreachable("mam", "mam did not answer within 30 seconds."), Unreachable, "30 seconds"),
    ],
)
async def test_each_answer_is_its_error(
    mam: Mam, desk: Desk, answer: Any, kind: type[IntegrationError], says: str
) -> None:
    desk.answers(answer)
    with pytest.raises(IntegrationError) as raised:
        await mam.account()
    assert type(raised.value) is kind
    assert says in str(raised.value)
    assert raised.value.system == "mam"


@pytest.mark.parametrize(
    "answer",
    [
        refused("No Session Cookie"),
        reply(200, NOT_SIGNED_IN),
        reply(200, LOGIN),
        reply(200, b""),
        reply(403, b""),
    ],
)
async def test_what_is_doubtful_ends_the_asking_at_the_second_time_in_a_row(
    mam: Mam, desk: Desk, answer: Reply
) -> None:
    desk.answers(answer, reply(200, ACCOUNT), answer, answer)
    with pytest.raises(BadReply):
        await mam.account(fresh=True)
    await mam.account(fresh=True)  # well again: the doubt is over
    with pytest.raises(BadReply):
        await mam.account(fresh=True)
    for _ in range(3):
        with pytest.raises(AuthFailed) as raised:
            await mam.account(fresh=True)
        assert raised.value.secret == "MAM_ID"
    assert len(desk.requests) == 4


async def test_a_dead_session_is_not_asked_with_again_until_mam_id_changes(
    connect: Callable[..., Any], desk: Desk
) -> None:
    desk.answers(refused("Invalid session - Invalid Cookie"))
    for _restart in range(5):
        mam = await connect()
        for _ in range(2):
            with pytest.raises(AuthFailed, match="MAM_ID"):
                await mam.account(fresh=True)
    assert len(desk.requests) == 2  # one a start, until two refusals are known
    desk.answers(reply(200, ACCOUNT))
    mam = await connect("another-value")
    assert (await mam.account()).uid == 1
    assert desk.requests[-1].headers["Cookie"] == "mam_id=another-value"


async def test_an_accepted_session_forgets_its_refusals(connect: Callable[..., Any], desk: Desk) -> None:
    dead = refused("Invalid session - Invalid Cookie")
    for script in ([dead], [reply(200, ACCOUNT)], [dead], [reply(200, ACCOUNT)]):
        desk.answers(*script)
        mam = await connect()
        try:
            await mam.account(fresh=True)
        except AuthFailed:
            continue
    assert len(desk.requests) == 4


async def test_a_wrong_network_does_not_end_the_asking(mam: Mam, desk: Desk) -> None:
    desk.answers(*[refused("Invalid session - ASN mismatch")] * 3, reply(200, ACCOUNT))
    for _ in range(3):
        with pytest.raises(WrongNetwork):
            await mam.account(fresh=True)
    assert (await mam.account(fresh=True)).classname == "VIP"


async def test_after_trouble_the_tracker_rests_longer_each_time(
    connect: Callable[..., Any], desk: Desk, clock: HastyClock
) -> None:
    mam = await connect()
    desk.answers(reply(503))
    rests = []
    for _ in range(8):
        with pytest.raises(Unreachable):
            await mam.account(fresh=True)
        mam = await connect()  # a restart does not shorten it
        with pytest.raises(RateLimited) as raised:
            await mam.search(SearchQuery(text="x"))
        rests.append(round(raised.value.retry_after))
        clock.shift(raised.value.retry_after)
    assert rests == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert len(desk.requests) == 8
    desk.answers(reply(200, ACCOUNT), reply(503))
    await mam.account(fresh=True)
    with pytest.raises(Unreachable):
        await mam.account(fresh=True)
    assert round((await mam.budget()).resting) == 60


async def test_a_rate_limit_is_kept_as_the_tracker_wants_it(mam: Mam, desk: Desk, clock: HastyClock) -> None:
    desk.answers(reply(429, b"", headers={"Retry-After": "700"}), reply(200, ACCOUNT))
    with pytest.raises(RateLimited) as raised:
        await mam.account()
    assert raised.value.retry_after == 700
    with pytest.raises(RateLimited):
        await mam.account(fresh=True)
    clock.shift(701)
    await mam.account(fresh=True)
    assert len(desk.requests) == 2


@pytest.mark.parametrize("error", ["Nothing returned, out of 0", "nothing returned, out of 12"])
async def test_nothing_found_is_no_error(mam: Mam, desk: Desk, error: str) -> None:
    desk.answers(reply(200, {"error": error}))
    assert (await mam.search(SearchQuery(text="x"))).rows == ()
    assert await mam.torrent(5) is None
    assert [row async for row in mam.rows(SearchQuery(text="x"))] == []


@pytest.mark.parametrize(
    "body", [{"data": [{"id": 5}] * 1001}, {"data": "x"}, {"found": 5}, [], "text"], ids=range(5)
)
async def test_what_is_no_page_of_rows(mam: Mam, desk: Desk, body: Any) -> None:
    desk.answers(reply(200, body))
    with pytest.raises(BadReply, match="no page"):
        await mam.search(SearchQuery(text="x"))


async def test_a_byte_order_mark_and_a_wrong_content_type_are_borne(mam: Mam, desk: Desk) -> None:
    body = b"\xef\xbb\xbf \r\n" + json.dumps(ACCOUNT).encode()
    desk.answers(reply(200, body, headers={"Content-Type": "text/html"}))
    assert (await mam.account()).points == 5000


# --- purchases ---------------------------------------------------------------------------------------------------

LOST: list[Any] = [
    Unreachable("mam", "mam did not answer within 30 seconds."),
    BadReply("mam", "mam sent more than 8192 KiB; the answer was dropped."),
    reply(500, b""),
    reply(502, MAINTENANCE),
    reply(200, b""),
    reply(200, LOGIN),
    reply(200, MAINTENANCE),
    reply(200, b'{"success": tr'),
    reply(200, {"type": "VIP", "seedbonus": 1}),
    reply(200, []),
]


@pytest.mark.parametrize("answer", LOST)
async def test_a_purchase_whose_answer_got_lost_is_unknown_and_made_once(
    mam: Mam, desk: Desk, answer: Any
) -> None:
    desk.answers(answer)
    with pytest.raises(OutcomeUnknown, match="not known whether") as raised:
        await mam.buy_vip()
    assert isinstance(raised.value.__cause__, (Unreachable, BadReply))
    assert len(desk.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(200, {"success": False, "error": "Not enough bonus, s1"}), Rejected),
        (reply(200, {"success": "false", "error": "Min VIP is 1 week purchased"}), Rejected),
        (reply(200, {"success": 0}), Rejected),
        (reply(404, b""), Rejected),
        (reply(410, b"Not allowed via API"), Rejected),
        (reply(429, b""), RateLimited),
        (refused("Invalid session - IP mismatch"), WrongNetwork),
        (refused("Invalid session - Invalid Cookie"), AuthFailed),
    ],
)
async def test_a_purchase_that_was_refused_is_a_certain_no(
    mam: Mam, desk: Desk, answer: Reply, kind: type[Exception]
) -> None:
    desk.answers(answer)
    with pytest.raises(kind) as raised:
        await mam.buy_upload(50)
    assert type(raised.value) is kind
    assert len(desk.requests) == 1


async def test_the_second_doubt_at_a_purchase_leaves_it_unknown_and_ends_the_asking(
    mam: Mam, desk: Desk
) -> None:
    desk.answers(reply(200, LOGIN))
    with pytest.raises(BadReply):
        await mam.account()
    with pytest.raises(OutcomeUnknown):
        await mam.buy_vip()
    with pytest.raises(AuthFailed):
        await mam.account(fresh=True)


@pytest.mark.parametrize("success", [True, "true", 1, "1"])
async def test_a_purchase(mam: Mam, desk: Desk, success: object) -> None:
    answer = {
        "success": success,
        "type": "upload",
        "amount": 50,
        "seedbonus": 26512.091,
        "uploaded": 9094496082151,
    }
    desk.answers(reply(200, {**answer, "downloaded": 96557899, "ratio": "∞"}))
    bought = await mam.buy_upload(50)
    assert (bought.kind, bought.amount, bought.points) == ("upload", 50.0, 26512.091)
    assert (bought.uploaded, bought.ratio) == (9094496082151, float("inf"))
    url = desk.requests[-1].url
    assert "/json/bonusBuy.php/?spendtype=upload&amount=50&_=" in url
    desk.answers(reply(200, {"Success": success, "type": "VIP", "amount": 3.285714, "seedbonus": "20893.5"}))
    vip = await mam.buy_vip()
    assert (vip.kind, vip.amount, vip.points) == ("vip", 3.285714, 20893.5)
    assert "/json/bonusBuy.php/?spendtype=VIP&duration=max&_=" in desk.requests[-1].url


async def test_less_than_the_least_upload_is_refused_here(mam: Mam, desk: Desk) -> None:
    with pytest.raises(Rejected, match="no less than 50 GiB"):
        await mam.buy_upload(49)
    assert desk.requests == []


# --- torrents ----------------------------------------------------------------------------------------------------

TORRENT = b"d8:announce3:urle"


async def test_a_torrent_is_its_bytes(mam: Mam, desk: Desk) -> None:
    desk.answers(reply(200, TORRENT))
    assert await mam.download(273200) == TORRENT
    assert desk.requests[-1].url.endswith("/tor/download.php?tid=273200")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(200, LOGIN), BadReply),
        (reply(200, b""), BadReply),
        (reply(200, NOT_SIGNED_IN), BadReply),
        (reply(200, b"d8:announce3:ur"), BadReply),
        (reply(200, b"denied"), BadReply),
        (reply(200, {"error": "No such torrent"}), Rejected),
        (reply(200, {"ok": 1}), BadReply),
        (reply(404, b""), Rejected),
        (refused("Invalid session - Invalid Cookie"), AuthFailed),
    ],
)
async def test_what_is_no_torrent(mam: Mam, desk: Desk, answer: Reply, kind: type[Exception]) -> None:
    desk.answers(answer)
    with pytest.raises(kind) as raised:
        await mam.download(273200)
    assert type(raised.value) is kind


@pytest.mark.parametrize("flag", ["free", "vip", "fl_vip", "personal_freeleech"])
async def test_a_wedge_is_not_spent_on_what_is_free_or_vip(mam: Mam, desk: Desk, flag: str) -> None:
    desk.answers(reply(200, {"data": [{"id": "7", flag: "1"}], "found": 1}))
    with pytest.raises(Rejected, match="No wedge is spent"):
        await mam.download_with_wedge(7)
    assert len(desk.requests) == 1  # only looked


@pytest.mark.parametrize("data", [[], [{"id": 8}]])
async def test_a_wedge_is_not_spent_on_what_is_not_there(mam: Mam, desk: Desk, data: list[Any]) -> None:
    desk.answers(reply(200, {"data": data, "found": len(data)}))
    with pytest.raises(Rejected, match="no such torrent"):
        await mam.download_with_wedge(7)


async def test_a_wedge_is_spent_right_after_looking(mam: Mam, desk: Desk) -> None:
    desk.answers(reply(200, {"data": [{"id": 8, "vip": 1}, {"id": 7}], "found": 2}), reply(200, TORRENT))
    assert await mam.download_with_wedge(7) == TORRENT
    assert desk.requests[-1].url.endswith("/tor/download.php?tid=7&fl")
    desk.answers(reply(200, {"data": [{"id": 7}], "found": 1}), Unreachable("mam", "mam did not answer."))
    with pytest.raises(OutcomeUnknown):
        await mam.download_with_wedge(7)


# --- the rest ----------------------------------------------------------------------------------------------------


async def test_the_seedbox(mam: Mam, desk: Desk, clock: HastyClock) -> None:
    told = {"Success": True, "msg": "Completed", "ip": "10.2.3.4", "ASN": 1234, "AS": "Org for 1234"}
    desk.answers(reply(200, told))
    update = await mam.dynamic_seedbox()
    assert (update.changed, update.ip, update.asn, update.provider) == (
        True,
        "10.2.3.4",
        1234,
        "Org for 1234",
    )
    with pytest.raises(RateLimited, match="so soon"):
        await mam.dynamic_seedbox()
    for msg in ("No change", "No Change"):
        clock.shift(3601)
        desk.answers(reply(200, {**told, "msg": msg}))
        assert not (await mam.dynamic_seedbox()).changed
    assert all(request.url.startswith("https://t.") for request in desk.requests)


async def test_the_seedbox_s_own_limit_does_not_hold_up_the_rest(mam: Mam, desk: Desk) -> None:
    desk.answers(reply(429, {"Success": False, "msg": "Last change too recent"}), reply(200, ACCOUNT))
    with pytest.raises(RateLimited) as raised:
        await mam.dynamic_seedbox()
    assert raised.value.retry_after == 3600
    assert (await mam.account()).uid == 1


async def test_the_own_address_is_asked_without_the_session(mam: Mam, desk: Desk) -> None:
    desk.answers(reply(200, {"ip": "51.254.0.0", "ASN": 16276, "AS": "OVH SAS", "time": 1776193859}))
    seen = await mam.json_ip()
    assert (seen.ip, seen.asn, seen.provider) == ("51.254.0.0", 16276, "OVH SAS")
    assert "Cookie" not in desk.requests[-1].headers


async def test_the_bonus_history(mam: Mam, desk: Desk) -> None:
    entry = {"timestamp": 1644804607.0994999, "amount": -1, "type": "wedgePF", "tid": 330896, "title": 1984}
    desk.answers(reply(200, [entry, "odd", {}]))
    first, second = await mam.bonus_history()
    assert (first.kind, first.amount, first.torrent_id, first.title) == ("wedgePF", -1.0, 330896, "1984")
    assert first.at is not None
    assert second.kind == ""
    assert desk.requests[-1].url.endswith("userBonusHistory.php?type%5B%5D=wedgePF&type%5B%5D=wedgeGFL")
    desk.answers(reply(200, {"a": 1}))
    with pytest.raises(BadReply):
        await mam.bonus_history()


async def test_the_account_is_asked_every_ten_minutes_at_most(
    connect: Callable[..., Any], desk: Desk, clock: HastyClock
) -> None:
    mam = await connect()
    desk.answers(reply(200, ACCOUNT))
    first = await mam.account()
    clock.shift(599)
    assert await mam.account() is first
    assert len(desk.requests) == 1
    clock.shift(2)
    assert await mam.account() is not first
    assert await mam.account(fresh=True) is not first
    assert len(desk.requests) == 3
    mam = await connect()  # a restart knows that it was asked, but no longer what it said
    with pytest.raises(RateLimited):
        await mam.account()


async def test_after_a_purchase_the_account_is_asked_anew(mam: Mam, desk: Desk) -> None:
    desk.answers(
        reply(200, ACCOUNT), reply(200, {"success": True, "amount": 1, "seedbonus": 1}), reply(200, ACCOUNT)
    )
    await mam.account()
    await mam.buy_vip()
    await mam.account()
    assert len(desk.requests) == 3


async def test_a_status_that_did_not_come_may_be_asked_for_again(mam: Mam, desk: Desk) -> None:
    desk.answers(Unreachable("mam", "mam did not answer."), reply(200, ACCOUNT))
    with pytest.raises(Unreachable):
        await mam.account()
    await mam.account()
