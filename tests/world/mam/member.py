"""An account and its economy: traffic, points, VIP, wedges, duties, and a ledger of all that was spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tests.world.mam import economy
from tests.world.mam.shelf import Shelf, Torrent

Kind = Literal["vip", "upload", "wedge", "wedge wasted", "snatch", "hit and run", "points given", "satisfied"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger. `amount` in weeks (vip), GiB (upload), bytes charged (snatch)."""

    at: datetime
    kind: Kind
    amount: float
    points_before: float
    points_after: float
    torrent_id: int | None = None


@dataclass
class Snatch:
    """A torrent the account completed, and how long it has seeded: counted until nothing is owed any more."""

    torrent: Torrent
    completed: datetime
    seeded: timedelta = timedelta(0)
    seeding: bool = True
    hit_and_run: bool = False
    satisfied: bool = field(init=False)

    def __post_init__(self) -> None:
        self.satisfied = self.seeded >= economy.DUTY


@dataclass
class Member:
    """One person's account; time passes for it in `settle`, which every look does first.

    `earning` is what satisfied torrents earn times an event's factor, `stipend` points an hour besides.
    """

    uid: int
    username: str
    joined: datetime
    now: datetime
    uploaded: int = 100 * economy.GIB
    downloaded: int = 20 * economy.GIB
    points: float = 5_000.0
    wedges: int = 3
    vip_until: datetime | None = None
    given_class: str | None = None  # such as "Elite VIP", by people
    connectable: str = "yes"
    stipend: float = 0.0
    factor: float = 1.0
    snatches: dict[int, Snatch] = field(default_factory=dict)
    personal_freeleech: dict[int, datetime] = field(default_factory=dict)
    ledger: list[Entry] = field(default_factory=list)
    wasted: float = 0.0  # points over the cap
    earned: float = 0.0
    passkey: str = "0123456789abcdef0123456789abcdef"  # nobody's
    everything_free: Callable[[], bool] = lambda: False

    # --- what holds now ---

    @property
    def ratio(self) -> float:
        return economy.ratio(self.uploaded, self.downloaded)

    @property
    def age(self) -> timedelta:
        return self.now - self.joined

    @property
    def is_vip(self) -> bool:
        bought = self.vip_until is not None and self.vip_until > self.now
        return bought or "VIP" in (self.given_class or "")

    @property
    def classname(self) -> str:
        by_merit = economy.class_of(self.uploaded, self.downloaded, age=self.age, vip=self.is_vip)
        return self.given_class or by_merit

    @property
    def limit(self) -> int:
        return economy.unsatisfied_limit(self.classname, self.age)

    @property
    def unsatisfied(self) -> list[Snatch]:
        return [snatch for snatch in self.snatches.values() if not snatch.satisfied]

    @property
    def points_per_hour(self) -> float:
        """What comes in at present, stipend included."""
        seeding = (s for s in self.snatches.values() if s.seeding and s.satisfied and not s.torrent.gone)
        earning = sum(economy.points_per_hour(s.torrent.size, s.torrent.seeders) for s in seeding)
        return self.factor * earning + self.stipend

    def is_free(self, torrent: Torrent) -> bool:
        """Whether downloading it costs this account nothing now."""
        return (
            self.everything_free()
            or torrent.free
            or torrent.id in self.personal_freeleech
            or (self.is_vip and torrent.is_vip_at(self.now))
        )

    # --- time ---

    def settle(self, now: datetime) -> None:
        """Let time pass up to `now`: seeding counts, points come in, duties fall due."""
        passed = now - self.now
        if passed <= timedelta(0):
            return
        earning = 0.0  # points an hour of those that owed nothing any more
        for snatch in self.snatches.values():
            if not snatch.satisfied:
                self._seed(snatch, passed if snatch.seeding else timedelta(0), now)
            elif snatch.seeding and not snatch.torrent.gone:
                earning += economy.points_per_hour(snatch.torrent.size, snatch.torrent.seeders)
        self._earn((self.factor * earning + self.stipend) * (passed / timedelta(hours=1)))
        self.now = now

    def _seed(self, snatch: Snatch, time: timedelta, until: datetime) -> None:
        """Seeding time of one that owed some, or that is told of beside the clock."""
        owed = max(timedelta(0), economy.DUTY - snatch.seeded)
        due = snatch.completed + economy.DUTY_WITHIN
        in_time = max(timedelta(0), min(time, due - (until - time)))
        if not snatch.hit_and_run and owed > in_time and until >= due:
            snatch.hit_and_run = True
            self._write("hit and run", 0.0, self.points, snatch.torrent.id, at=due)
        snatch.seeded += time
        snatch.satisfied = time >= owed
        if owed and snatch.satisfied:
            snatch.hit_and_run = False
            self._write("satisfied", 0.0, self.points, snatch.torrent.id, at=until)
        if time > owed and not snatch.torrent.gone:
            rate = economy.points_per_hour(snatch.torrent.size, snatch.torrent.seeders)
            self._earn(self.factor * rate * ((time - owed) / timedelta(hours=1)))

    def _earn(self, points: float) -> None:
        taken = min(points, max(0.0, economy.POINTS_CAP - self.points))
        self.points += taken
        self.earned += points
        self.wasted += points - taken

    # --- what the swarm tells ---

    def upload(self, size: int) -> None:
        self.uploaded += size

    def snatch(self, torrent: Torrent) -> Snatch:
        """A download is complete; its bytes are charged unless it was free."""
        known = self.snatches.get(torrent.id)
        if known is not None:
            known.seeding = True
            return known
        charged = 0 if self.is_free(torrent) else torrent.size
        self.downloaded += charged
        made = self.snatches[torrent.id] = Snatch(torrent, self.now)
        self._write("snatch", float(charged), self.points, torrent.id)
        return made

    def seeding(self, torrent_id: int, *, on: bool) -> None:
        """The client announces it from now on, or no longer."""
        self.snatches[torrent_id].seeding = on

    def seeded(self, torrent_id: int, seconds: float) -> None:
        """Seeding time beside the clock's: the client was seen elsewhere, or a test is in a hurry."""
        self._seed(self.snatches[torrent_id], timedelta(seconds=seconds), self.now)

    # --- what is spent ---

    def give(self, points: float) -> None:
        """A gift of points, or a fine."""
        before = self.points
        self.points = max(0.0, min(economy.POINTS_CAP, self.points + points))
        self._write("points given", points, before)

    def buy_vip(self, time: timedelta) -> None:
        before = self.points
        self.points -= economy.vip_price(time)
        self.vip_until = max(self.vip_until or self.now, self.now) + time
        self._write("vip", time / timedelta(days=7), before)

    def buy_upload(self, gib: float) -> None:
        before = self.points
        self.points -= gib * economy.UPLOAD_GIB_POINTS
        self.uploaded += int(gib * economy.GIB)
        self._write("upload", gib, before)

    def spend_wedge(self, torrent: Torrent) -> None:
        """The site takes the wedge whether it buys something or not; for VIP torrents it gives nothing back."""
        wasted = torrent.free or torrent.is_vip_at(self.now) or self.everything_free()
        self.wedges -= 1
        self.personal_freeleech[torrent.id] = self.now
        self._write("wedge wasted" if wasted else "wedge", 1.0, self.points, torrent.id)

    def spent(self, *kinds: Kind) -> list[Entry]:
        """The ledger's lines of these kinds."""
        return [entry for entry in self.ledger if entry.kind in kinds]

    def _write(
        self,
        kind: Kind,
        amount: float,
        before: float,
        torrent_id: int | None = None,
        at: datetime | None = None,
    ) -> None:
        self.ledger.append(Entry(at or self.now, kind, amount, before, self.points, torrent_id))


def snatched_before(member: Member, shelf: Shelf, count: int) -> None:
    """The account has seeded the shelf's first `count` torrents for long."""
    for torrent in list(shelf)[:count]:
        completed = member.now - timedelta(days=60)
        member.snatches[torrent.id] = Snatch(torrent, completed, seeded=economy.DUTY * 10)
