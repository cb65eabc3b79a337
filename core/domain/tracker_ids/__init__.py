"""The tracker's ids as data: categories old and new, media types, languages, flags, barred authors."""

from core.domain.tracker_ids.barred_authors import BARRED_AUTHORS
from core.domain.tracker_ids.flags import FLAGS, ContentFlag, find_flag
from core.domain.tracker_ids.languages import LANGUAGES, Language, find_language
from core.domain.tracker_ids.new_categories import (
    FICTION,
    MAIN_CATEGORIES,
    MEDIA_TYPES,
    NEW_CATEGORIES,
    NONFICTION,
    NewCategory,
    find_main_category,
    find_media_type,
    find_new,
    fits_main,
)
from core.domain.tracker_ids.old_categories import GENERAL, OLD_CATEGORIES, OldCategory, find_old

__all__ = [
    "BARRED_AUTHORS",
    "FICTION",
    "FLAGS",
    "GENERAL",
    "LANGUAGES",
    "MAIN_CATEGORIES",
    "MEDIA_TYPES",
    "NEW_CATEGORIES",
    "NONFICTION",
    "OLD_CATEGORIES",
    "ContentFlag",
    "Language",
    "NewCategory",
    "OldCategory",
    "find_flag",
    "find_language",
    "find_main_category",
    "find_media_type",
    "find_new",
    "find_old",
    "fits_main",
]
