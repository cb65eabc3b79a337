"""Genres of the third step and below, where the name alone tells; and words in titles that do.

`DEEP` refines what the steps above say: a row without an old category only adds new ones.
"""

from __future__ import annotations

import re

from core.domain.category_rules.rows import read_rows

# By top-level genre, "" for any: the same word means other things elsewhere ("Contemporary", "Military").
DEEP = {
    "": read_rows("""
LitRPG; GameLit; Game Lit | F | - | 29 43
Progression; Progression Fantasy; Cultivation | F | - | 58
LGBTQ+ | ? | - | 25
Superheroes; Superhero | F | - | 56
Urban; Urban Fantasy; Contemporary Fantasy; Paranormal & Urban; Paranormal & Urban Fantasy | F | 108 | 53
True Crime | N | 100 | 9
Literary Fiction | F | - | 57
Poetry | ? | - | 38
"""),
    "science fiction and fantasy": read_rows("""
Action & Adventure; Adventure; Military; Military Science Fiction | F | - | 1
Alternate History; Alternative History; Historical; Historical Fantasy | F | - | 17
Classics | F | - | 28
Comedy; Humorous; Humor; Satire | F | - | 20
Coming of Age | F | - |
Contemporary | F | 108 | 53
Dark Fantasy; Grimdark | F | 41 | 13
Fairy Tales; Epic; Epic Fantasy; Sword & Sorcery; Arthurian; Dragons & Mythical Creatures;
  Magical Realism | F | 41 | 13
Dystopian; Hard Science Fiction; Space Opera; Space Exploration; First Contact; Alien Contact;
  Cyberpunk | F | 47 | 45
Post-Apocalyptic; Apocalyptic & Post-Apocalyptic; Galactic Empire; Colonization;
  Genetic Engineering | F | 47 | 45
Steampunk; Time Travel; Robots & Artificial Intelligence; Exploration;
  Metaphysical & Visionary | F | 47 | 45
Paranormal; Ghosts; Vampires | F | 108 | 53 36
Paranormal & Urban | F | 108 | 53 36
Romantic; Romance; Romantasy | F | - | 42
"""),
    "literature and fiction": read_rows("""
Historical Fiction; Historical | F | 98 | 17
Horror; Ghosts; Gothic; Occult | F | 43 | 19
Literary; Literary Fiction | F | - | 57
Medical; Legal; Political; Crime Thrillers; Suspense; Thriller & Suspense | F | 40 | 51
Psychological | F | - | 57
War & Military; War; Military | F | 39 | 63
Westerns; Western | F | 48 | 54
Women's Fiction; Family Life; Contemporary; Friendship; City Life; Small Town & Rural; Urban | F | - | 59
Mystery; Detective | F | 87 | 34
Romance; Contemporary Romance | F | 46 | 42
Fantasy; Epic Fantasy | F | 41 | 13
Science Fiction | F | 47 | 45
Humor; Humorous; Satire; Dark Humor | F | 99 | 20
Action & Adventure; Sea Adventures | F | 39 | 1
Animals; Sagas; Anthologies & Short Stories; Holidays | F | - |
"""),
    "mystery thriller and suspense": read_rows("""
Cozy; Amateur Sleuths; Police Procedurals; Private Investigators; Traditional Detectives;
  Women Sleuths | F | 87 | 34
Hard-Boiled; Noir; Heist; Organized Crime; Serial Killers; Murder | F | 40 | 9
Crime; Crime Thrillers; Domestic; Espionage; Legal; Medical; Military; Political; Psychological;
  Suspense | F | 40 | 51
Supernatural; Paranormal | F | - | 36
Historical | F | - | 17
"""),
    "childrens audiobooks": read_rows("""
Fantasy; Fantasy & Magic; Fairy Tales; Dragons | F | 44 | 23 13
Science Fiction | F | 44 | 23 45
Humor; Humorous; Jokes & Riddles | ? | 44 | 23 20
Historical Fiction | F | 44 | 23 17
Scary Stories; Horror; Spine-Chilling Horror | F | 44 | 23 19
Poetry | ? | 44 | 23 38
"""),
    "teen and young adult": read_rows("""
Fantasy; Epic; Epic Fantasy; Fairy Tales & Folklore; Fantasy & Magic; Dark Fantasy | F | 111 | 55 13
Science Fiction; Dystopian; Space Opera; Time Travel | F | 111 | 55 45
Paranormal & Urban; Paranormal & Fantasy; Urban; Contemporary Fantasy | F | 111 | 55 53
Romance; Contemporary Romance; Romantic; Paranormal Romance | F | 111 | 55 42
Thrillers & Suspense; Suspense; Thriller & Suspense | F | 111 | 55 51
Mystery & Detective; Mysteries & Thrillers | F | 111 | 55 34
Horror | F | 111 | 55 19
Historical Fiction; Historical | F | 111 | 55 17
Contemporary; Coming of Age; Social & Family Issues; Social & Life Skills | F | 111 | 55 59
Action & Adventure | F | 111 | 55 1
"""),
}

# Words in a title or subtitle that name a kind of book, and how deep a step they count as: at 0 the
# genres' own old category stands, where there is one (LitRPG is written as fantasy and as science fiction).
TITLE_WORDS = tuple(
    (re.compile(pattern, re.IGNORECASE), read_rows(f"x | F | {old} | {new}")["x"], depth)
    for pattern, old, new, depth in (
        (r"\b(?:litrpg|gamelit)\b", "41", "29 43", 0),
        (r"\b(?:progression fantasy|cultivation (?:novel|fantasy|series))\b", "41", "58 13", 0),
        (r"\burban fantasy\b", "108", "53", 3),
        (r"\bepic fantasy\b", "41", "13", 3),
        (r"\bspace opera\b", "47", "45", 3),
        (r"\bsuperhero (?:novel|adventure|fantasy)\b", "-", "56", 0),
        (r"\bcozy mystery\b", "87", "34", 3),
        (r"\ba slice[- ]of[- ]life\b", "-", "62", 0),
    )
)
