"""A progress display on the terminal while stages run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.app import App
from core.events import JobMoved, Progress


@contextmanager
def watching(app: App, *, quiet: bool) -> Iterator[None]:
    """Bars on stderr for the length of a block; nothing at all when `quiet`."""
    if quiet:
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    bars = Bars(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )
    rows: dict[str, TaskID] = {}

    def progressed(event: Progress) -> None:
        row = rows.get(event.subject)
        if row is None:
            row = rows[event.subject] = bars.add_task("", total=1.0)
        bars.update(row, description=f"{event.stage} {event.subject[-6:]}", completed=event.fraction or 0.0)

    def moved(event: JobMoved) -> None:
        if (row := rows.pop(event.subject, None)) is not None:
            bars.remove_task(row)
        if event.text:
            console.print(f"[{event.stage.upper()}] {event.text}", markup=False, highlight=False)

    undo = [app.events.subscribe(Progress, progressed), app.events.subscribe(JobMoved, moved)]
    try:
        with bars:
            yield
    finally:
        for stop in undo:
            stop()
