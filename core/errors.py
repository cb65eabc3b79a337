"""What can go wrong, as a small tree; every leaf carries a sentence a person can act on."""

from __future__ import annotations


class MousekeeperError(Exception):
    """Base of everything this program raises on purpose.

    `hint` says how to mend it; `exit_code` is what a command line ends with.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(MousekeeperError):
    """Settings are missing or wrong."""

    exit_code = 78


class NeedsPerson(MousekeeperError):
    """Only a person can mend this; trying again by ourselves would not help."""


class NotNow(MousekeeperError):
    """The work cannot be done at present and is worth another try later (disk full, file still changing)."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class IntegrationError(MousekeeperError):
    """An outside system did not do what was asked. `system` is the integration's domain, such as `audnex`."""

    exit_code = 69

    def __init__(self, system: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.system = system


class Unreachable(IntegrationError):
    """No answer: refused, timed out, name not found, connection lost, 5xx."""


class AuthFailed(IntegrationError):
    """The system refuses our credentials; asking stops until `secret` (a setting's name) changes."""

    def __init__(self, system: str, message: str, *, secret: str, hint: str = "") -> None:
        super().__init__(system, message, hint=hint or f"Check {secret}.")
        self.secret = secret


class RateLimited(IntegrationError):
    """Asked too often; `retry_after` is in seconds."""

    def __init__(self, system: str, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(system, message, hint=hint)
        self.retry_after = retry_after


class Rejected(IntegrationError):
    """The system understood and said no; `status` is its HTTP code where there is one."""

    def __init__(self, system: str, message: str, *, status: int | None = None, hint: str = "") -> None:
        super().__init__(system, message, hint=hint)
        self.status = status


class BadReply(IntegrationError):
    """The answer is not what the system documents: HTML for JSON, half of it, far too much."""
