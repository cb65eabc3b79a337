"""The upload kit: what a person pastes into the upload form's fast fill."""

from core.domain.kit.build import DIALECTS, KIT_FIELDS, build_kit, export_kit, parse_edit
from core.domain.kit.tags import tags_line

__all__ = ["DIALECTS", "KIT_FIELDS", "build_kit", "export_kit", "parse_edit", "tags_line"]
