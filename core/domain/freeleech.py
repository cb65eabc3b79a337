"""Whether a torrent costs ratio: a rule of the tracker that depends on who asks, and for how long."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

Free = Literal["everybody", "personal", "vip"]


class CostRow(Protocol):
    """What a search row says of its cost. `vip_expire` is None for VIP torrents that stay so for good."""

    @property
    def free(self) -> bool: ...
    @property
    def personal_freeleech(self) -> bool: ...
    @property
    def vip(self) -> bool: ...
    @property
    def fl_vip(self) -> bool: ...
    @property
    def vip_expire(self) -> datetime | None: ...


def free_because(row: CostRow, *, vip: bool, until: datetime) -> Free | None:
    """Why downloading the torrent costs nothing; None when it costs.

    `vip`: the account is VIP, and still will be at `until`, when the download will surely be over. The row's
    `fl_vip` means "free, or a VIP torrent" whoever asks: to an account without VIP it says nothing.
    """
    if row.free:
        return "everybody"
    if row.personal_freeleech:
        return "personal"
    if vip and (row.vip or row.fl_vip) and (row.vip_expire is None or row.vip_expire > until):
        return "vip"
    return None


def is_free_for(row: CostRow, *, vip: bool, until: datetime) -> bool:
    """Whether downloading the torrent costs nothing; see `free_because`."""
    return free_because(row, vip=vip, until=until) is not None


def wedge_would_be_wasted(row: CostRow) -> str | None:
    """Why a wedge must not be spent on the torrent; None when it would buy something.

    Not on a VIP torrent either, whoever asks: the site takes the wedge there and gives nothing back.
    """
    if row.free:
        return "it is free already"
    if row.personal_freeleech:
        return "it is free for this account already"
    if row.vip or row.fl_vip:
        return "it is a VIP torrent, for which the tracker would take the wedge without return"
    return None
