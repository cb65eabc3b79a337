"""Stage: hardlink the book's files under their release names, built aside and renamed once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from core.domain.release import Release, StagedFile
from core.errors import NeedsPerson
from core.events import Progress
from core.jobs.model import Done, Job, Outcome
from core.upload.rooms import UploadRooms
from core.upload.stage import StagedTree, materialise
from core.upload.staging_plan import plan_staging


async def run(rooms: UploadRooms, job: Job) -> Outcome:
    """Safe to repeat: a finished folder is recognised by its inodes. Raises NeedsPerson, NotNow."""
    release = await rooms.releases.get(job.subject)
    if release.source_dir is None:
        raise NeedsPerson(
            f"The folder of “{release.title}” is not known: the release came from another tool's state file,"
            " or another book lies there now.",
            hint="Put the book into the library and run `mousekeeper discover`, or `mousekeeper forget` it.",
        )
    loop = asyncio.get_running_loop()

    def progress(done: int, total: int) -> None:
        moved = Progress(release.id, "stage", done / total, "linking")
        loop.call_soon_threadsafe(rooms.events.publish, moved)  # whoever listens lives on the loop

    tree = await asyncio.to_thread(_stage, rooms, release, release.source_dir, progress)
    files = tuple(StagedFile(file.source, file.staged, file.size) for file in tree.files)
    await rooms.releases.update(release.id, staging_dir=tree.staging_dir, staged=files)
    copied = f", {tree.copied_bytes:,} bytes copied" if tree.copied_bytes else ""
    return Done(text=f"{len(files)} files staged{copied}: {os.path.basename(tree.staging_dir)}")


def _stage(
    rooms: UploadRooms, release: Release, source_dir: str, progress: Callable[[int, int], None]
) -> StagedTree:
    settings = rooms.config.settings
    library = rooms.config.libation_library_root
    plan = plan_staging(
        source_dir,
        release.files,
        release.facts,
        max_length=settings.mam.max_filename_length,
        extensions=settings.mam.allowed_extensions,
        tag=settings.upload.name_tag or release.tag,
        # a library that moves keeps its names, and with them the infohashes
        discriminator=os.path.relpath(source_dir, library) if library else None,
    )

    return materialise(
        plan,
        rooms.config.staging_root,
        allow_copy=settings.staging.allow_copy,
        library_root=library,
        progress=progress,
    )
