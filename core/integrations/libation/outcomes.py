"""How a visit to Libation can end, as tables: what was seen, what it means, what to say, how to mend it.

Libation's exit codes say little: 0 is given too when Audible denies every licence, 2 is a wrong command line,
3 any failure. Its words say more. They come wrapped at 80 columns, followed by a stack trace and the
command's usage, so they are looked for anywhere, with the white space evened out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from core.domain.containers import Fault, ProcessResult
from core.errors import IntegrationError


@dataclass(frozen=True, slots=True)
class Outcome:
    """An ending: `ok` if Libation did what it was asked, `passing` if trying again later may help."""

    code: str
    sentence: str
    hint: str = ""
    ok: bool = False
    passing: bool = False


_AGAIN = "It is tried again by itself."
_STAY = (
    "Start it with `docker start {container}`. With SLEEP_TIME=-1, its default, it ends after each run: "
    "set SLEEP_TIME (such as 6h), or give it the command `sleep infinity`."
)

OUTCOMES = {
    outcome.code: outcome
    for outcome in (
        Outcome("nothing_new", "Libation has nothing new, and nothing waits to be fetched.", ok=True),
        Outcome("not_liberated", "Libation knows {pending} not fetched yet.",
                "Set libation.liberate to true to have them fetched, or fetch them in Libation.", ok=True),
        Outcome("liberated", "Libation fetched what was waiting.", ok=True),
        Outcome("no_titles", "Libation scanned without an error and found no titles at all.",
                "Its login may have expired unnoticed: log in again in Libation, and check the region."),
        Outcome("login_expired", "Libation's login to Audible has expired.",
                "Log in again in Libation on a desktop and copy AccountsSettings.json to the container's "
                "config folder, or run `LibationCli login-external` in the container."),
        Outcome("tokens_locked", "Libation cannot decrypt its saved login on this machine.",
                "Export the master key on the desktop (`LibationCli export-master-key`) and put it into the "
                "container's config folder as libation-master.key, or save the tokens in plain text."),
        Outcome("no_accounts", "Libation has no Audible account.",
                "Add one in Libation and copy AccountsSettings.json to the container's config folder."),
        Outcome("licence_denied", "Audible denied the licence to download {denied}.",
                "It may be a loan that ended, a title of another region, or too many downloads at once: try "
                "it in the Audible app; Libation's DailyDownloadLimit slows it down.", passing=True),
        Outcome("daily_limit", "Libation's daily download limit is reached.", _AGAIN, passing=True),
        Outcome("books_failed", "Libation could not fetch {failed}.",
                "Its log (Libation.log in the config folder) says why; they are tried again.", passing=True),
        Outcome("audible_down", "Audible answered Libation with a web page instead of data.",
                _AGAIN + " If it stays so, open Audible in a browser: it may ask something of the account.",
                passing=True),
        Outcome("bad_settings", "Libation refuses its own settings.",
                "Correct Settings.json in the container's config folder."),
        Outcome("no_cli", "There is no LibationCli in the container {container}.",
                "Check that LIBATION_CONTAINER names Libation's container (image rmcrackan/libation)."),
        Outcome("bad_reply", "Libation answered something that is not what it documents.",
                "Update Libation, or report this with the debug log."),
        Outcome("killed", "Libation was ended from outside while it worked.",
                "The container may have been stopped, or memory ran out; it is tried again.", passing=True),
        Outcome("unknown", "Libation failed with exit code {exit_code}: {words}",
                "Its log (Libation.log in the config folder) says more."),
        Outcome("no_container", "There is no container named {container}.",
                "`docker ps -a` lists the names; set LIBATION_CONTAINER to the right one."),
        Outcome("container_stopped", "Libation's container {container} is not running.", _STAY, passing=True),
        Outcome("container_paused", "Libation's container {container} is paused.",
                "Let it go on with `docker unpause {container}`.", passing=True),
        Outcome("still_busy", "A command of Libation's from before the restart is still running.",
                "Restart the container {container}.", passing=True),
        Outcome("no_engine", "{error}", "{error_hint}", passing=True),
        Outcome("no_permission", "{error}", "{error_hint}"),
        Outcome("timed_out", "Libation took too long: {error}",
                "A scan that hangs is known of it: look into `docker logs {container}`.", passing=True),
        Outcome("lost", "{error}", "{error_hint}", passing=True),
        Outcome("engine_failed", "{error}", "{error_hint}", passing=True),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sign:
    """Words in Libation's output and what they mean; the first that matches counts."""

    pattern: str
    code: str


FAILURES = (
    Sign(r"failed to decrypt|could not be decrypted", "tokens_locked"),
    Sign(r"AuthenticationRequired|credentials .{0,120}could not be used|interactive login is not|"
         r"RegistrationException|LoginFailedException", "login_expired"),
    Sign(r"no accounts\. exiting|accounts not found", "no_accounts"),
    Sign(r"denied a content license|ContentLicenseDenied|license denied", "licence_denied"),
    Sign(r"HTML instead of JSON|NonJsonResponse", "audible_down"),
    Sign(r"invalid configuration|books directory is not set", "bad_settings"),
    Sign(r"OCI runtime exec failed|executable file not found", "no_cli"),
)  # fmt: skip

# What `liberate` prints while its exit code says all is well.
SHORTFALLS = (
    Sign(r"denied a content license|license denied", "licence_denied"),
    Sign(r"books directory is not set", "bad_settings"),
    Sign(r"daily download limit", "daily_limit"),
    Sign(r"error processing book|recently failed to download|ADRM license unavailable", "books_failed"),
)

EXIT_CODES = {126: "no_cli", 127: "no_cli", 137: "killed", 143: "killed"}

# Any other fault of the engine is "engine_failed".
ENGINE_FAULTS = {
    Fault.NO_ENGINE: "no_engine",
    Fault.NO_PERMISSION: "no_permission",
    Fault.FORBIDDEN: "no_permission",
    Fault.NO_CONTAINER: "no_container",
    Fault.STOPPED: "container_stopped",
    Fault.PAUSED: "container_paused",
    Fault.TIMED_OUT: "timed_out",
    Fault.LOST: "lost",
}


def outcome(code: str, **facts: object) -> Outcome:
    """The table's outcome with its blanks filled in."""
    row = OUTCOMES[code]
    return replace(row, sentence=row.sentence.format(**facts), hint=row.hint.format(**facts))


def of_failure(result: ProcessResult, container: str) -> Outcome:
    """What a command that failed died of."""
    text = _evened(result)
    code = _first(FAILURES, text) or EXIT_CODES.get(result.exit_code, "unknown")
    return outcome(
        code,
        container=container,
        exit_code=result.exit_code,
        words=last_words(result) or "it said nothing.",
        denied=titles(_count(r"denied a content license", text)),
    )


def of_shortfall(result: ProcessResult) -> Outcome | None:
    """What `liberate` left undone though it ended well; None when nothing."""
    text = _evened(result)
    code = _first(SHORTFALLS, text)
    if code is None:
        return None
    return outcome(
        code,
        denied=titles(_count(r"denied a content license", text)),
        failed=titles(_count(r"error processing book|ADRM license unavailable", text)),
    )


def of_engine_error(error: IntegrationError, container: str) -> Outcome:
    """What a failure of the engine means for Libation."""
    fault = getattr(error, "fault", Fault.OTHER)
    code = ENGINE_FAULTS.get(fault, "engine_failed")
    return outcome(code, container=container, error=error.message, error_hint=error.hint)


def last_words(result: ProcessResult, *, lines: int = 3, width: int = 300) -> str:
    """The end of what a failed command said before its stack trace and usage, without anything private."""
    said = list(_meaningful(result.stderr)) or list(_meaningful(result.stdout))
    return scrubbed(" ".join(said[-lines:]))[-width:]


def scrubbed(text: str) -> str:
    """Without e-mail addresses, web addresses and anything that looks like a token."""
    for pattern, instead in _PRIVATE:
        text = pattern.sub(instead, text)
    return text


def titles(count: int) -> str:
    """`one title`, `3 titles`; `some titles` for none counted."""
    return {0: "some titles", 1: "one title"}.get(count, f"{count} titles")


_PRIVATE = (
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "[account]"),
    (re.compile(r"https?://\S+"), "[address]"),
    (
        re.compile(r"(?i)\b(token|key|password|secret|cookie|bearer|authorization)\b(\s*[:=]?\s*)\S+"),
        r"\1\2[…]",
    ),
    (re.compile(r"\b[A-Za-z0-9+/_|-]{32,}={0,2}"), "[…]"),
)
_TRACE = re.compile(r"^\s*(at |---> |--- |in /)")
_USAGE = re.compile(r"^\s*\w[\w-]* Usage:")


def _meaningful(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if _USAGE.match(line) or _TRACE.match(line):
            return
        if (stripped := line.strip()) and stripped != "ERROR" and stripped.strip("="):
            yield stripped


def _evened(result: ProcessResult) -> str:
    return " ".join(f"{result.stdout} {result.stderr}".split())


def _first(signs: tuple[Sign, ...], text: str) -> str | None:
    return next((sign.code for sign in signs if re.search(sign.pattern, text, re.IGNORECASE)), None)


def _count(pattern: str, text: str) -> int:
    return len(re.findall(pattern, text, re.IGNORECASE))
