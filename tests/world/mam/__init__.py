"""The tracker's web site with its economy inside. See the README beside this file."""

from tests.world.mam.direct import DirectTransport
from tests.world.mam.knobs import Knobs
from tests.world.mam.member import Entry, Member, Snatch
from tests.world.mam.server import SITE, create_app, tracker_url
from tests.world.mam.sessions import Network
from tests.world.mam.shelf import Shelf, Torrent, stocked
from tests.world.mam.site import Event, Site, make_site

__all__ = [
    "SITE",
    "DirectTransport",
    "Entry",
    "Event",
    "Knobs",
    "Member",
    "Network",
    "Shelf",
    "Site",
    "Snatch",
    "Torrent",
    "create_app",
    "make_site",
    "stocked",
    "tracker_url",
]
