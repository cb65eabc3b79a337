"""Reading upload metadata from a file."""

from __future__ import annotations

import json
import os
from typing import Any

from core.errors import MousekeeperError

_LARGEST = 20 * 2**20


def load_form(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The JSON object in a file, or the `kit` inside it as `show --json` prints it.

    Raises MousekeeperError with a sentence when the file cannot be read or is something else.
    """
    name = os.fsencode(os.path.basename(path)).decode("utf-8", "replace")
    try:
        if os.path.getsize(path) > _LARGEST:
            raise MousekeeperError(f"{name} is larger than 20 MiB; upload metadata is not.")
        with open(path, "rb") as file:
            data = json.loads(file.read())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise MousekeeperError(f"{name} cannot be read: {reason}.") from error
    except UnicodeDecodeError as error:
        raise MousekeeperError(f"{name} is not text in UTF-8.") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise MousekeeperError(f"{name} is not valid JSON ({where}: {error.msg}).") from error
    except (ValueError, RecursionError) as error:
        raise MousekeeperError(f"{name} is not usable JSON.") from error
    if isinstance(data, dict) and isinstance(data.get("kit"), dict):
        data = data["kit"]
    if not isinstance(data, dict):
        raise MousekeeperError(f"{name} holds no JSON object with upload metadata.")
    return data
