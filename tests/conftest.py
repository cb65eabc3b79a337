"""What every test may ask for; the fixtures themselves live in the `fixtures_*` plugins beside this file."""

from __future__ import annotations

pytest_plugins = [
    "tests.fixtures_audio",
    "tests.fixtures_basics",
    "tests.fixtures_bot",
    "tests.fixtures_discord",
    "tests.fixtures_docker",
    "tests.fixtures_http",
    "tests.fixtures_qbittorrent",
    "tests.fixtures_world",
]
