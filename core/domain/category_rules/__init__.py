"""From Audible's genres to the form's categories."""

from core.domain.category_rules.choose import CategoryChoice, choose_categories

__all__ = ["CategoryChoice", "choose_categories"]
