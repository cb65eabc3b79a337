"""The linter's word lists, one place for all of them: what marks a nit, and what only looks like one."""

from __future__ import annotations

# --- titles -----------------------------------------------------------------------------------------------

# "A Novel", "A Jack Reacher Thriller", also "A Novel of Suspense".
KINDS = "novel novella novelette thriller litrpg gamelit whodunit whodunnit page-turner".split()
# Only where nothing follows ("A Memoir of Family" is a subtitle), and of these most only in fiction.
KINDS_AT_END = ["memoir", "autobiography"]
FICTION_KINDS_AT_END = (
    *"adventure romance mystery story tale fantasy saga comedy anthology western epic isekai".split(),
    *("space opera", "fairy tale", "romcom", "rom-com", "romantasy", "fable", "parable", "duet", "prequel"),
    *("horror", "dystopia", "short story", "short story collection", "story collection", "retelling"),
)
FOREIGN_KINDS = "roman krimi kriminalroman psychothriller thriller novelle novela romanzo".split()
BLURBS = (
    r"(?:.*\btimes|usa today|wall street journal|international|#\s?1|number one)\b.*\bbest[\s-]?sell.*",
    r".*\bbook club(?: (?:pick|selection|edition))?",
    r".*\b(?:booker|pulitzer|hugo|nebula|carnegie|costa|edgar)\b.*\b(?:prize|award|winner|winning)\b.*",
    r"(?:now|soon to be) an? (?:major |new |hit )?(?:netflix|hbo|hulu|apple|bbc|amazon|motion|film|tv)\b.*",
    r"(?:the|an?) (?:\w+ )?(?:gripping|unputdownable|heart-?warming|addictive|breathtaking)\b.*",
    r"(?:a )?read with jenna\b.*",
)

PUBLISHERS = (
    *(
        "Audible Studios",
        "Audible Originals",
        "Blackstone Audio",
        "Blackstone Publishing",
        "Brilliance Audio",
    ),
    *("Podium Audio", "Podium Publishing", "Recorded Books", "Tantor Audio", "Tantor Media", "Tantor"),
    *(
        "GraphicAudio",
        "Graphic Audio",
        "Soundbooth Theater",
        "Macmillan Audio",
        "Penguin Audio",
        "HarperAudio",
    ),
    *(
        "Hachette Audio",
        "Random House Audio",
        "Simon & Schuster Audio",
        "Dreamscape Media",
        "Scholastic Audio",
    ),
    *("Aethon Books", "Aethon Audio", "Yen Audio", "Seven Seas Siren", "J-Novel Club", "Listening Library"),
    *("Naxos AudioBooks", "BBC Audio", "BBC Audiobooks", "Bolinda", "W. F. Howes", "Oakhill Publishing"),
    *("Big Finish", "LibriVox", "Lübbe Audio", "Der Hörverlag", "Argon Verlag", "Storytel", "OverDrive"),
)
FORMAT_WORDS = (
    r"(?:complete (?:and|&) )?(?:un)?abridged(?: (?:audio ?book|edition|version|recording))?",
    r"audio ?books?(?: edition| version)?",
    r"audio cd",
    r"(?:an )?audible (?:original|audio|exclusive|edition)\b.*",
    r"mp3(?: cd)?|m4[ab]|flac|opus|aac|x?he-aac|ogg",
    r"\d{2,3} ?k(?:bps|b/s|bit/s)?",
    r"(?:kindle|english|german|french|spanish|italian) edition|e-?book",
    r"light novel",
    r"(?:un)?gekürzt(?:e lesung|e ausgabe)?|hörbuch|texte intégral|versione integrale",
    r"libation|ripped by\b.*|retail rip|[a-z]{3} ?/ ?(?:m4b|mp3|m4a|flac)",
)

SERIES_SUFFIXES = "series trilogy saga duology tetralogy quadrilogy pentalogy novels books".split()
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen".split()
    )
}

# --- MLA title case ---------------------------------------------------------------------------------------

ARTICLES = frozenset("a an the".split())
# Lower-case wherever they stand between words: articles, coordinating conjunctions, and prepositions that are
# hardly ever anything else.
ALWAYS_SMALL = ARTICLES | frozenset(
    "and or nor but of at by for from in into on onto to with without upon via per amid among amongst between"
    " beneath beside during against toward towards versus vs".split()
)
# Prepositions in one title, adverbs or conjunctions in the next ("Giving Up", "As If"): both spellings pass.
EITHER = frozenset(
    "up down off out over under through around round along about above across after before behind below"
    " beyond inside outside near past since till until than like as if so yet once within throughout"
    " underneath opposite except despite concerning regarding minus plus worth next save n o".split()
)
# Before these a word that may be a preposition is one, and MLA writes it small.
DETERMINERS = ARTICLES | frozenset("my your his her its our their this that these those".split())
SMALL_BEFORE_DETERMINER = frozenset(
    "through around along across above behind beyond inside outside throughout underneath within".split()
)
FOREIGN_PARTICLES = frozenset(
    "de da di do du des del della dei den der das le la les lo el los las van von zu zur zum et und y e"
    " al bin ibn ben der en un une ein eine il i à au aux".split()
)
PREFIXES = frozenset("re co pre anti non ex mid un e x pro sub multi semi post de bi tri ultra neo".split())

# --- people -----------------------------------------------------------------------------------------------

HONORIFICS = "Dr Prof Professor Mr Mrs Ms Sir Dame Rev Reverend".split()
DOTTED_HONORIFICS = "Hon Fr Capt Lt Col Gen Sgt Maj Cmdr Adm Pres Sen Gov Cpl".split()  # "Gen" is a name too
DEGREES = (
    *"PhD MD DDS DVM PsyD EdD Esq OBE CBE MBE KBE RN LCSW LMFT MBA JD MSW CPA MPH LPC FRS DPhil".split(),
)
DEGREES_AFTER_COMMA = "MA MS BA BS DO DMD MSc BSc LLB LLM MFA RD CFA PE".split()
GENERATIONS = frozenset("jr sr ii iii iv v".split())
NAME_PARTICLES = frozenset(
    "de la las los le du des da das do dos di del della delle der den von van zu zur vom ten ter te af av"
    " of the and y e et und el al bin ibn bint ben abu san st op in for with a à o mac mc".split()
)
LOWER_CASE_NAMES = (
    *("bell hooks", "danah boyd", "adrienne maree brown", "k.d. lang", "e. e. cummings", "dream hampton"),
    *("will.i.am", "aja monet"),
)
PRESERVED_NAMES = ("Dr. Seuss", "Mr. T", "Sir Mix-a-Lot", "Mr. Money Mustache")
# Runs of capitals that are names of their own, not initials.
ACRONYMS = frozenset(
    "BBC NPR CBS NBC ABC CNN HBO NASA DJ MC DK AI LA NYC UK US USA UN EU IBM MIT TED CIA FBI NHK WWE NFL NBA"
    " NYT GQ HP LDS KJV NIV SFF RTE CBC ITV SWR WDR NDR ARD ZDF VA VR TV PBS ESV ASMR".split()
)
COMPANY_WORDS = frozenset(
    "radio theatre theater media audio audiobooks productions studio studios cast press magazine news drama"
    " books publishing publications entertainment ensemble orchestra team staff group institute university"
    " society foundation association company collective editors authors narrators network"
    " inc ltd llc gmbh library"
    " review times post school church ministries bible records house schuster".split()
)
LONGEST_NAME = 100
PLACEHOLDER_NAMES = frozenset(
    ("unknown", "unknownauthor", "na", "none", "null", "anon", "tba", "tbd", "undefined")
)
NAME_PREFIXES = r"(?:written|narrated|read|performed|author|narrator)(?:\s*:|\s+by)?|by"
NARRATOR_ROLES = (
    "narrator reader performer narration narrated by read by performed by erzähler sprecher".split()
)
