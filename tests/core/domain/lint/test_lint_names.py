"""Names of people: what is mended, and the many that only look wrong."""

from __future__ import annotations

import pytest

from core.domain.lint import lint_form
from core.domain.lint.name_rules import NAME_RULES

_NAME_CODES = {rule.code for rule in NAME_RULES}


def findings(names: object, field: str = "authors") -> tuple[set[str], object]:
    report = lint_form({"authors": ["Jane Austen"], "narrators": ["Ray Porter"], field: names})
    return {f.code for f in report.findings if f.code in _NAME_CODES}, report.fixed.get(field)


@pytest.mark.parametrize(
    "name",
    [
        *("Ian McDonald", "Oscar de la Cruz", "bell hooks", "J. R. R. Hartley", "J R R Hartley", "Dr. Seuss"),
        *("Full Cast", "Martin Luther King Jr.", "Martin Luther King, Jr.", "BBC Radio 4", "LeVar Burton"),
        *(
            "Ursula K. Le Guin",
            "Vincent van Gogh",
            "N. K. Jemisin",
            "50 Cent",
            "RuNyx",
            "Simon & Schuster Audio",
        ),
        *("Soundbooth Theater", "Mo Yan", "will.i.am", "Ibn al-Arabi", "Yo-Yo Ma", "Malcolm X", "DJ Khaled"),
        *("村上春樹", "Sister Souljah", "Gen Urobuchi", "Prince", "T. Kingfisher", "Emily St. John Mandel"),
        *("Henry Thoreau III", "Seán Ó Ríordáin", "Thích Nhất Hạnh", "Ngũgĩ wa Thiong'o", "O. Henry"),
        *(
            "Gordon and Ilona Andrews",
            "Lee Child",
            "Mary Pope Osborne",
            "Anthony de Mello",
            "Saint Augustine",
        ),
    ],
)
@pytest.mark.parametrize("field", ["authors", "narrators"])
def test_names_that_only_look_wrong_pass(name: str, field: str):
    assert findings([name], field) == (set(), None)


@pytest.mark.parametrize(
    ("code", "name", "cured"),
    [
        ("NAME_INITIALS_UNSPLIT", "J.R.R. Hartley", "J R R Hartley"),
        ("NAME_INITIALS_UNSPLIT", "JRR Hartley", "J R R Hartley"),
        ("NAME_INITIALS_UNSPLIT", "J.K. Rowling", "J K Rowling"),
        ("NAME_INITIALS_UNSPLIT", "TJ Klune", "T J Klune"),
        ("NAME_INITIALS_UNSPLIT", "J.D.Robb", "J D Robb"),
        ("NAME_INITIALS_UNSPLIT", "George R.R. Martin", "George R R Martin"),
        ("NAME_HONORIFIC", "Dr. Jordan Peterson", "Jordan Peterson"),
        ("NAME_HONORIFIC", "Sir Arthur Conan Doyle", "Arthur Conan Doyle"),
        ("NAME_HONORIFIC", "Prof. Dr. Max Muster", "Max Muster"),
        ("NAME_HONORIFIC", "Rev. W. Awdry", "W. Awdry"),
        ("NAME_HONORIFIC", "Peter Attia, MD", "Peter Attia"),
        ("NAME_HONORIFIC", "Jane Doe PhD", "Jane Doe"),
        ("NAME_HONORIFIC", "Jane Doe, Ph.D.", "Jane Doe"),
        ("NAME_CASE", "STEPHEN KING", "Stephen King"),
        ("NAME_CASE", "stephen king", "Stephen King"),
        ("NAME_CASE", "Stephen KING", "Stephen King"),
        ("NAME_CASE", "george r. r. martin", "George R. R. Martin"),
        ("NAME_CASE", "JUAN DE LA CRUZ", "Juan de la Cruz"),
        ("NAME_CASE", "ANDREW MCDONALD", "Andrew McDonald"),
        ("NAME_CASE", "SEAN O'BRIEN", "Sean O'Brien"),
        ("NAME_CASE", "JEAN-LUC BANNALEC", "Jean-Luc Bannalec"),
        ("NAME_INVERTED", "Weir, Andy", "Andy Weir"),
        ("NAME_INVERTED", "Le Guin, Ursula K.", "Ursula K. Le Guin"),
        ("NAME_WHITESPACE", "  Andy  Weir", "Andy Weir"),
        ("NAME_HTML_ENTITY", "Andy O&#039;Weir", "Andy O'Weir"),
        ("NAME_ROLE", "by Andy Weir", "Andy Weir"),
    ],
)
def test_a_name_is_mended(code: str, name: str, cured: str):
    assert findings([name]) == ({code}, [cured])


@pytest.mark.parametrize(
    "name", ["Terry Pratchett & Neil Gaiman", "Terry Pratchett, Neil Gaiman", "Terry Pratchett; Neil Gaiman",
             "Terry Pratchett and Neil Gaiman", "Terry Pratchett / Neil Gaiman", "Terry Pratchett with Neil Gaiman"]
)  # fmt: skip
@pytest.mark.parametrize("as_text", [True, False])
def test_joined_names_are_parted(name: str, as_text: bool):
    assert findings(name if as_text else [name]) == ({"NAME_JOINED"}, ["Terry Pratchett", "Neil Gaiman"])


@pytest.mark.parametrize(
    "helper", ["Ken Liu - translator", "Neil Gaiman (foreword)", "John Doe - introduction"]
)
def test_helpers_are_no_authors(helper: str):
    assert findings(["Cixin Liu", helper]) == ({"NAME_ROLE"}, ["Cixin Liu"])


def test_a_helper_alone_stays_without_the_role():
    assert findings(["Ken Liu - translator"]) == ({"NAME_ROLE"}, ["Ken Liu"])


def test_narrators_keep_their_name_and_lose_the_role():
    assert findings(["Jim Dale - narrator", "Read by Stephen Fry"], "narrators") == (
        {"NAME_ROLE"},
        ["Jim Dale", "Stephen Fry"],
    )


def test_somebody_named_twice_stays_once():
    assert findings(["N. K. Jemisin", "N K Jemisin"]) == ({"NAME_DUPLICATE"}, ["N. K. Jemisin"])


def test_objects_keep_what_else_they_tell():
    names = [{"name": "J.K. Rowling", "asin": "B1"}, {"name": "Jim Kay", "asin": "B2"}]
    cured = [{"name": "J K Rowling", "asin": "B1"}, {"name": "Jim Kay", "asin": "B2"}]
    assert findings(names) == ({"NAME_INITIALS_UNSPLIT"}, cured)
