"""From the exceptions of the client library to our own errors, by one table.

Nothing of a request (URL, form, cookie) enters a text; what qBittorrent answered does only where it is known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from core.errors import AuthFailed, BadReply, IntegrationError, RateLimited, Rejected, Unreachable

SYSTEM = "qbittorrent"
SECRET = "QB_USERNAME / QB_PASSWORD"  # noqa: S105 - the settings' names
BAN_SECONDS = 3600.0  # qBittorrent's own default

Maker = Callable[[str, Exception], IntegrationError]


def translate(action: str, error: Exception) -> IntegrationError:
    """Our error for the library's; `action` completes "qBittorrent could not …"."""
    if isinstance(error, IntegrationError):
        return error
    return next(make for kind, make in _table() if isinstance(error, kind))(action, error)


def login_refused() -> AuthFailed:
    """The refusal that ends all asking with these credentials."""
    return AuthFailed(
        SYSTEM,
        "qBittorrent refuses the user name or password; it will not be asked again with these, "
        "as it bans an address after five wrong tries.",
        secret=SECRET,
    )


@cache
def _table() -> tuple[tuple[type[Exception] | tuple[type[Exception], ...], Maker], ...]:
    # The library's tree has HTTP errors below the connection error: from the special to the general.
    import qbittorrentapi.exceptions as api
    import requests

    return (
        (api.LoginFailed, lambda _action, _error: login_refused()),
        (api.HTTP403Error, _forbidden),
        (api.HTTP401Error, _not_welcome),
        (api.HTTP404Error, _rejecting(404, "it does not know the torrent, or not the request")),
        (api.HTTP409Error, _rejecting(409, "it says that this contradicts what it has")),
        (api.HTTP415Error, _rejecting(415, "it says that this is no valid torrent file")),
        (api.HTTP4XXError, _refused),
        (api.HTTP5XXError, _broken),
        (api.HTTPError, _refused),
        ((api.APIConnectionError, requests.RequestException), _unreachable),
        (Exception, _nonsense),
    )


def _rejecting(status: int, why: str) -> Maker:
    return lambda action, _error: Rejected(SYSTEM, f"qBittorrent could not {action}: {why}.", status=status)


def _forbidden(action: str, error: Exception) -> IntegrationError:
    if "banned" in str(error).casefold():
        return RateLimited(
            SYSTEM,
            "qBittorrent has banned this machine's address after too many wrong logins.",
            retry_after=BAN_SECONDS,
            hint="Correct QB_USERNAME and QB_PASSWORD; the ban ends after an hour or with a restart.",
        )
    return Rejected(SYSTEM, f"qBittorrent forbids this program to {action}.", status=403)


def _not_welcome(action: str, _error: Exception) -> IntegrationError:
    return Rejected(
        SYSTEM,
        f"qBittorrent could not {action}: it does not accept requests under the address in QB_HOST.",
        status=401,
        hint="Add that host to its Web UI option Server domains, or use another address.",
    )


def _refused(action: str, error: Exception) -> IntegrationError:
    status = getattr(error, "http_status_code", None)
    return Rejected(SYSTEM, f"qBittorrent could not {action}: it answered {status}.", status=status)


def _broken(action: str, error: Exception) -> IntegrationError:
    status = getattr(error, "http_status_code", 500)
    return Unreachable(SYSTEM, f"qBittorrent could not {action}: it answered {status}.")


def _unreachable(action: str, error: Exception) -> IntegrationError:
    import requests

    causes = _chain(error)
    if any(isinstance(cause, UnicodeEncodeError) for cause in causes):  # the library wraps everything
        return _not_utf8(action)
    if any(isinstance(cause, requests.exceptions.SSLError) for cause in causes):
        return Unreachable(
            SYSTEM,
            "qBittorrent shows a TLS certificate this machine does not trust.",
            hint="Use http on your own network, or install the certificate's authority on this machine.",
        )
    if any(isinstance(cause, requests.Timeout) for cause in causes):
        return Unreachable(SYSTEM, "qBittorrent did not answer in time.")
    if any(isinstance(cause, requests.exceptions.InvalidURL) for cause in causes):
        return Unreachable(SYSTEM, "QB_HOST is not an address.", hint="Write http://host:8080 or host:8080.")
    reason = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), None)
    return Unreachable(
        SYSTEM,
        f"qBittorrent cannot be reached ({reason or 'no connection'}).",
        hint="Check QB_HOST, and that its Web UI is on.",
    )


def _not_utf8(action: str) -> IntegrationError:
    return Rejected(
        SYSTEM,
        f"qBittorrent could not {action}: it takes only names that are UTF-8, and this one is not.",
        hint="Rename the folder.",
    )


def _nonsense(action: str, _error: Exception) -> IntegrationError:
    return BadReply(
        SYSTEM,
        f"What answered when asked to {action} does not speak as qBittorrent does.",
        hint="Check that QB_HOST leads to its Web UI.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The error and everything it came from, also what a library keeps in `reason` and `args`."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return found
