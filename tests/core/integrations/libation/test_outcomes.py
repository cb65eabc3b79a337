"""The tables of endings: complete, and unable to fail on any output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.containers import EngineUnavailable, Fault, ProcessResult
from core.integrations.libation.models import LibationBook, Shelf
from core.integrations.libation.outcomes import (
    ENGINE_FAULTS,
    EXIT_CODES,
    FAILURES,
    OUTCOMES,
    SHORTFALLS,
    Outcome,
    of_engine_error,
    of_failure,
    of_shortfall,
    outcome,
    scrubbed,
)

FACTS = {
    "container": "c", "pending": "one title", "denied": "one title", "failed": "one title",
    "exit_code": 1, "words": "w", "error": "e", "error_hint": "h",
}  # fmt: skip


@pytest.mark.parametrize("row", OUTCOMES.values(), ids=lambda row: row.code)
def test_every_ending_says_what_and_how_to_mend_it(row: Outcome) -> None:
    filled = outcome(row.code, **FACTS)
    assert filled.sentence
    assert filled.ok or filled.hint


def test_every_sign_leads_to_an_ending() -> None:
    codes = {sign.code for sign in (*FAILURES, *SHORTFALLS)}
    assert codes | set(EXIT_CODES.values()) | set(ENGINE_FAULTS.values()) <= set(OUTCOMES)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_an_engine_is_an_ending(fault: Fault) -> None:
    ending = of_engine_error(EngineUnavailable("docker", "It is gone.", fault=fault, hint="Wait."), "lib")
    assert not ending.ok
    assert ending.sentence


@given(out=st.text(), err=st.text(), code=st.integers(1, 255))
def test_any_failure_has_an_ending(out: str, err: str, code: int) -> None:
    result = ProcessResult(code, out, err)
    assert not of_failure(result, "libation").ok
    shortfall = of_shortfall(result)
    assert shortfall is None or not shortfall.ok


@given(
    name=st.from_regex(r"[a-z][a-z0-9]{0,12}", fullmatch=True),
    token=st.from_regex(r"[A-Za-z0-9]{32,64}", fullmatch=True),
)
def test_no_account_and_no_token_survives_the_scrubbing(name: str, token: str) -> None:
    text = scrubbed(f"login {name}@example.org with {token} at https://x.example/{token}?t={token}")
    assert f"{name}@example.org" not in text
    assert token not in text


@given(
    plus=st.booleans(),
    status=st.sampled_from(["NotLiberated", "Liberated", "Error", "PartialDownload", "New in 15.0"]),
)
def test_a_loan_is_never_pending_or_failed_by_default(plus: bool, status: str) -> None:
    book = LibationBook.model_validate(
        {"AudibleProductId": "B0EXAMPLE1", "IsAudiblePlus": plus, "BookStatus": status}
    )
    shelf = Shelf.of([book])
    if plus:
        assert (shelf.pending, shelf.failed, shelf.loans) == ((), (), (book,))
    else:
        assert shelf.loans == ()
        assert bool(shelf.pending) == (status in {"NotLiberated", "PartialDownload"})
