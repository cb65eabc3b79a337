"""The form's description, from a template the user can replace."""

from core.upload.description.render import Described, describe

__all__ = ["Described", "describe"]
