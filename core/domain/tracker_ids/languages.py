"""The form's languages: ids, the site's names, and the codes other systems use for them."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.tracker_ids.spelling import as_id, plain


@dataclass(frozen=True, slots=True)
class Language:
    """A language; `codes` are ISO 639 codes and other names, the shortest code first."""

    id: int
    name: str
    codes: tuple[str, ...]


_TABLE = """
1 English|en eng
2 Chinese|zh zho chi mandarin mandarin_chinese cmn simplified_chinese traditional_chinese
3 Gujarati|gu guj
4 Spanish|es spa
5 Kannada|kn kan
6 Burmese|my mya bur
7 Thai|th tha
8 Hindi|hi hin
9 Marathi|mr mar
10 Telugu|te tel
11 Tamil|ta tam
12 Javanese|jv jav
13 Vietnamese|vi vie
14 Punjabi|pa pan panjabi
15 Urdu|ur urd
16 Russian|ru rus
17 Afrikaans|af afr
18 Bulgarian|bg bul
19 Catalan|ca cat
20 Czech|cs ces cze
21 Danish|da dan
22 Dutch|nl nld dut
23 Finnish|fi fin
24 Scottish Gaelic|gd gla
25 Ukrainian|uk ukr
26 Greek|el ell gre
27 Hebrew|he heb
28 Hungarian|hu hun
29 Tagalog|tl tgl fil filipino
30 Romanian|ro ron rum
31 Serbian|sr srp
32 Arabic|ar ara
33 Malay|ms msa may
34 Portuguese|pt por
35 Bengali|bn ben bangla
36 French|fr fra fre
37 German|de deu ger
38 Japanese|ja jpn
39 Farsi|fa fas per persian
40 Swedish|sv swe
41 Korean|ko kor
42 Turkish|tr tur
43 Italian|it ita
44 Cantonese|yue
45 Polish|pl pol
46 Latin|la lat
47 Other|other
48 Norwegian|no nor nb nob nn nno
49 Croatian|hr hrv
50 Lithuanian|lt lit
51 Bosnian|bs bos
52 Brazilian Portuguese|pt_br portuguese_brazilian portuguese_brazil
53 Indonesian|id ind
54 Slovenian|sl slv
55 Castilian Spanish|es_es
56 Irish|ga gle
57 Manx|gv glv
58 Malayalam|ml mal
59 Ancient Greek|grc
60 Sanskrit|sa san
61 Estonian|et est
62 Latvian|lv lav
63 Icelandic|is isl ice
64 Albanian|sq sqi alb
65 Welsh|cy cym wel
"""


def _read(row: str) -> Language:
    number, _, rest = row.partition(" ")
    name, _, codes = rest.partition("|")
    return Language(int(number), name, tuple(codes.split()))


LANGUAGES = {language.id: language for language in map(_read, _TABLE.strip().splitlines())}
_BY_NAME = {plain(code): language for language in LANGUAGES.values() for code in language.codes}
_BY_NAME |= {plain(language.name): language for language in LANGUAGES.values()}


def find_language(value: object) -> Language | None:
    """The language of an id, name, ISO code ("en", "ENG") or locale ("en-US"); None for unknown ones."""
    if (number := as_id(value)) is not None:
        return LANGUAGES.get(number)
    if not isinstance(value, str):
        return None
    if known := _BY_NAME.get(plain(value)):
        return known
    code, dash, _ = value.strip().replace("_", "-").partition("-")
    return _BY_NAME.get(plain(code)) if dash and len(code) in (2, 3) else None
