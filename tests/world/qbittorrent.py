"""A double of qBittorrent's Web API in two dialects: 2.8.19 (4.5.2) and 2.15 (5.2).

    python -m tests.world.qbittorrent --port 0 [--dialect 2.15] [--username …] [--password …]

It looks at real files and hashes real pieces, shows changes late as the real one does (`beat`), takes time to
check (`check_seconds`), and bans. `tests/core/integrations/qbittorrent` holds it against the real programs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from core.clock import Clock, SystemClock
from core.domain.metainfo import BadTorrent
from tests.world.qbittorrent_state import BANNED, SPOKEN, Fault, QbittorrentDouble, Refusal, Request
from tests.world.qbittorrent_torrents import DoubleTorrent

PUBLIC = ("auth/login", "auth/logout")
UNTRACKED = ("** [DHT] **", "** [PeX] **", "** [LSD] **")

LOG_KINDS = {1: "normal", 2: "info", 4: "warning", 8: "critical"}

DOUBLE = web.AppKey("qbittorrent", QbittorrentDouble)
UPLOADS = web.RequestKey("uploads", list[bytes])
Form = dict[str, str]
Handler = Callable[[QbittorrentDouble, web.Request, Form], Awaitable[web.StreamResponse]]


def create_app(
    *,
    dialect: str = "2.8.19",
    username: str = "keeper",
    password: str = "correct horse battery",
    clock: Clock | None = None,
    beat: float = 0.05,
    check_seconds: float = 0.1,
) -> web.Application:
    """The double as an application; its state is `app[DOUBLE]`."""
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app[DOUBLE] = QbittorrentDouble(
        SPOKEN[dialect], username, password, clock or SystemClock(), beat, check_seconds
    )
    app.router.add_route("*", "/api/v2/{route:.+}", _answer)
    return app


async def _answer(request: web.Request) -> web.StreamResponse:
    double = request.app[DOUBLE]
    route = request.match_info["route"]
    form, torrents = await _form(request)
    double.requests.append(Request(route, {key: value for key, value in form.items() if key != "password"}))
    fault = double.next_fault(route)
    if fault and fault.delay:
        await double.clock.sleep(fault.delay)
    if fault and not fault.after and (fault.drop or fault.status):
        return _went_wrong(request, fault)
    try:
        request[UPLOADS] = torrents
        response = await _routed(double, request, route, form)
    except Refusal as refusal:
        response = web.Response(status=refusal.status, text=refusal.text)
    return _went_wrong(request, fault) if fault and fault.after else response


def _went_wrong(request: web.Request, fault: Fault) -> web.Response:
    if fault.drop and request.transport:
        request.transport.abort()
    return web.Response(status=fault.status or 500, text=fault.body)


async def _form(request: web.Request) -> tuple[Form, list[bytes]]:
    form, torrents = dict(request.query), []
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            torrents.append(value.file.read())
        else:
            form[key] = str(value)
    return form, torrents


async def _routed(
    double: QbittorrentDouble, request: web.Request, route: str, form: Form
) -> web.StreamResponse:
    handler = ROUTES.get(route)
    gone = OLD_ONLY if not double.dialect.old else NEW_ONLY
    if handler is None or route in gone:
        if _session(double, request) is None:
            raise Refusal(403, "Forbidden")
        raise Refusal(404, "Not Found" if double.dialect.old else "Endpoint does not exist")
    if route not in PUBLIC and _session(double, request) is None:
        raise Refusal(403, BANNED if double.banned else "Forbidden")
    return await handler(double, request, form)


def _session(double: QbittorrentDouble, request: web.Request) -> str | None:
    sid = request.cookies.get(double.dialect.cookie(request.url.port or 80), "")
    return sid if sid in double.sessions else None  # a ban leaves living sessions alone


# ---- auth, app, sync ------------------------------------------------------------------------------------


async def _login(double: QbittorrentDouble, request: web.Request, form: Form) -> web.StreamResponse:
    if double.banned:
        raise Refusal(403, BANNED)
    if (form.get("username"), form.get("password")) != (double.username, double.password):
        double.failures += 1
        return web.Response(text="Fails.") if double.dialect.old else web.Response(status=401)
    double.failures = 0
    sid = secrets.token_urlsafe(24)
    double.sessions[sid] = (0, {})
    response = web.Response(text="Ok.") if double.dialect.old else web.Response(status=204)
    name = double.dialect.cookie(request.url.port or 80)
    response.set_cookie(name, sid, httponly=True, samesite="Strict")
    return response


async def _logout(double: QbittorrentDouble, request: web.Request, _form: Form) -> web.StreamResponse:
    double.sessions.pop(_session(double, request) or "", None)
    return _empty(double)


async def _version(double: QbittorrentDouble, _request: web.Request, _form: Form) -> web.StreamResponse:
    return web.Response(text=double.dialect.app)


async def _web_api(double: QbittorrentDouble, _request: web.Request, _form: Form) -> web.StreamResponse:
    return web.Response(text=double.dialect.web_api)


async def _preferences(double: QbittorrentDouble, _request: web.Request, _form: Form) -> web.StreamResponse:
    refresh = {"refresh_interval": max(1, round(double.beat * 1000)), "save_path": "/downloads"}
    return web.json_response(refresh | double.preferences)


async def _set_preferences(
    double: QbittorrentDouble, _request: web.Request, form: Form
) -> web.StreamResponse:
    changes: dict[str, Any] = json.loads(_needed(form, "json"))
    for name, value in changes.items():
        # speeds are kept in whole KiB
        double.preferences[name] = value // 1024 * 1024 if name.endswith("up_limit") else value
    return web.Response(text="")


async def _maindata(double: QbittorrentDouble, request: web.Request, form: Form) -> web.StreamResponse:
    sid = _session(double, request) or ""
    last_rid, last = double.sessions[sid]
    asked = int(form.get("rid") or 0)
    now: dict[str, Any] = {
        "torrents": {h: double.row(t) for h, t in double.torrents.items() if t.listed},
        "categories": {name: {"name": name, "savePath": path} for name, path in double.categories.items()},
        "tags": sorted({tag for torrent in double.torrents.values() for tag in torrent.tags}),
        "server_state": {"free_space_on_disk": double.free_space, "connection_status": "connected"},
    }
    rid = last_rid + 1
    double.sessions[sid] = (rid, json.loads(json.dumps(now)))
    if not asked or asked != last_rid:
        return web.json_response({"rid": rid, "full_update": True, **now})
    return web.json_response({"rid": rid, **_changes(last, now)})


def _changes(last: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    rows = {
        infohash: {
            key: value for key, value in row.items() if last["torrents"].get(infohash, {}).get(key) != value
        }
        for infohash, row in now["torrents"].items()
    }
    changes: dict[str, Any] = {
        "torrents": {infohash: row for infohash, row in rows.items() if row},
        "torrents_removed": [infohash for infohash in last["torrents"] if infohash not in now["torrents"]],
        **{key: now[key] for key in ("categories", "tags", "server_state") if now[key] != last[key]},
    }
    return {key: value for key, value in changes.items() if value}


async def _log(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    wanted = {kind for kind, name in LOG_KINDS.items() if _yes(form.get(name))}
    return web.json_response(
        [
            {"id": number, "timestamp": at, "type": kind, "message": message}
            for number, (at, kind, message) in enumerate(double.log)
            if kind in wanted
        ]
    )


# ---- torrents -------------------------------------------------------------------------------------------


async def _info(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    found = double.chosen(form.get("hashes") or "all")
    if "category" in form:
        found = [torrent for torrent in found if torrent.category == form["category"]]
    if "tag" in form:
        found = [torrent for torrent in found if form["tag"] in torrent.tags]
    return web.json_response([double.row(torrent) for torrent in found])


async def _add(double: QbittorrentDouble, request: web.Request, form: Form) -> web.StreamResponse:
    uploads = request[UPLOADS]
    added = []
    for number, data in enumerate(uploads):
        try:
            torrent = DoubleTorrent.of(data, double.clock, double.beat, double.check_seconds)
        except BadTorrent:
            raise Refusal(415, f"Error: 'torrent__{number}' is not a valid torrent file.") from None
        if torrent.infohash in double.torrents:
            continue
        torrent.save_path = form.get("savepath") or "/downloads"
        torrent.category = form.get("category", "")
        torrent.tags = set(_names(form.get("tags", "")))
        if torrent.category:
            double.categories.setdefault(torrent.category, "")
        # Each version knows its own word only and silently ignores the other's.
        stopped = _yes(form.get("paused" if double.dialect.old else "stopped"))
        double.torrents[torrent.infohash] = torrent
        torrent.begin(stopped=stopped, skip_check=_yes(form.get("skip_checking")))
        if not stopped and not torrent.skipped:
            await torrent.check()
        added.append(torrent.infohash)
    if double.dialect.old:
        return web.Response(text="Ok." if added else "Fails.")
    failures = len(uploads) - len(added)
    reply = {
        "success_count": len(added),
        "pending_count": 0,
        "failure_count": failures,
        "added_torrent_ids": added,
    }
    return web.json_response(reply, status=200 if added else 409)


async def _recheck(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        await torrent.check()
    return _empty(double)


async def _start(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        torrent.set_stopped(False)
    return _empty(double)


async def _stop(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        torrent.forced = False
        torrent.set_stopped(True)
    return _empty(double)


async def _force(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        torrent.forced = _yes(_needed(form, "value"))
        if torrent.forced:
            torrent.set_stopped(False)
    return _empty(double)


async def _upload_limit(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        torrent.upload_limit = int(_needed(form, "limit"))
    return _empty(double)


async def _reannounce(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    _wanted(double, form)
    return _empty(double)


async def _delete(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        del double.torrents[torrent.infohash]
        if _yes(_needed(form, "deleteFiles")):
            await asyncio.to_thread(torrent.delete_data)
    return _empty(double)


async def _trackers(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    torrent = double.known(_needed(form, "hash"))
    silent = {"tier": -1, "status": 0, "msg": "This torrent is private", "num_peers": 0}
    rows: list[dict[str, Any]] = [{"url": name, **silent} for name in UNTRACKED]
    if torrent.meta.announce:
        status, message = torrent.tracker
        rows.append(
            {"url": torrent.meta.announce, "tier": 0, "status": status, "msg": message, "num_peers": 0}
        )
    return web.json_response(rows)


async def _properties(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    return web.json_response(double.known(_needed(form, "hash")).properties())


async def _export(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    return web.Response(
        body=double.known(_needed(form, "hash")).data, content_type="application/x-bittorrent"
    )


async def _share_limits(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    ratio, seconds = float(_needed(form, "ratioLimit")), int(_needed(form, "seedingTimeLimit"))
    if not double.dialect.old:
        _needed(form, "inactiveSeedingTimeLimit")
        _needed(form, "shareLimitAction")
    for torrent in _wanted(double, form):
        torrent.ratio_limit, torrent.seeding_time_limit = ratio, seconds
    return _empty(double)


async def _add_tags(double: QbittorrentDouble, _request: web.Request, form: Form) -> web.StreamResponse:
    for torrent in _wanted(double, form):
        torrent.tags |= set(_names(_needed(form, "tags")))
    return _empty(double)


async def _categories(double: QbittorrentDouble, _request: web.Request, _form: Form) -> web.StreamResponse:
    return web.json_response(
        {name: {"name": name, "savePath": path} for name, path in double.categories.items()}
    )


async def _create_category(
    double: QbittorrentDouble, _request: web.Request, form: Form
) -> web.StreamResponse:
    name = _needed(form, "category")
    if not name or "//" in name or name.startswith("/") or name.endswith("/") or "\\" in name:
        raise Refusal(409, "Incorrect category name")
    if name in double.categories:
        raise Refusal(409, "Unable to create category")
    double.categories[name] = form.get("savePath", "")
    return _empty(double)


def _wanted(double: QbittorrentDouble, form: Form) -> Sequence[DoubleTorrent]:
    return double.chosen(_needed(form, "hashes"))


def _needed(form: Form, key: str) -> str:
    if key not in form:
        raise Refusal(400, "Bad Request")
    return form[key]


def _names(joined: str) -> list[str]:
    return [name for name in map(str.strip, joined.split(",")) if name]


def _yes(value: str | None) -> bool:
    return (value or "").casefold() in ("true", "1", "yes")


def _empty(double: QbittorrentDouble) -> web.Response:
    return web.Response(text="") if double.dialect.old else web.Response(status=204)


ROUTES: dict[str, Handler] = {
    "auth/login": _login,
    "auth/logout": _logout,
    "app/version": _version,
    "app/webapiVersion": _web_api,
    "app/preferences": _preferences,
    "app/setPreferences": _set_preferences,
    "sync/maindata": _maindata,
    "log/main": _log,
    "torrents/info": _info,
    "torrents/add": _add,
    "torrents/recheck": _recheck,
    "torrents/pause": _stop,
    "torrents/resume": _start,
    "torrents/stop": _stop,
    "torrents/start": _start,
    "torrents/setForceStart": _force,
    "torrents/setUploadLimit": _upload_limit,
    "torrents/reannounce": _reannounce,
    "torrents/delete": _delete,
    "torrents/trackers": _trackers,
    "torrents/properties": _properties,
    "torrents/export": _export,
    "torrents/setShareLimits": _share_limits,
    "torrents/addTags": _add_tags,
    "torrents/categories": _categories,
    "torrents/createCategory": _create_category,
}
OLD_ONLY = ("torrents/pause", "torrents/resume")
NEW_ONLY = ("torrents/stop", "torrents/start")


async def _serve(arguments: argparse.Namespace) -> None:
    app = create_app(dialect=arguments.dialect, username=arguments.username, password=arguments.password)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", arguments.port)
        await site.start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        # handlers of our own: started in the background, a process may have been told to ignore SIGINT
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await stopped.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dialect", choices=tuple(SPOKEN), default="2.8.19")
    parser.add_argument("--username", default="keeper")
    parser.add_argument("--password", default="correct horse battery")
    asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
