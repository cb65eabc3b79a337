"""The tracker's own kinds of failure, beside those every integration has."""

from __future__ import annotations

from core.errors import Unreachable

SYSTEM = "mam"
SECRET = "MAM_ID"  # noqa: S105 (a setting's name)


class WrongNetwork(Unreachable):
    """We ask from another address or provider than the session is locked to; the session itself is alive."""


class OutcomeUnknown(Unreachable):
    """Something was ordered and the answer got lost: look whether it happened, never order it again blind.

    The reason is its `__cause__`.
    """
