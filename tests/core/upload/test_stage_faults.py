"""Staging where the system refuses: other file systems, full disks, missing rights, long names, sudden death."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.release import StagedFile
from core.errors import MousekeeperError, NeedsPerson, NotNow
from core.upload import mounts
from core.upload.mounts import mount_of
from core.upload.stage import StagedTree, materialise, sweep_staging, unstage
from core.upload.stage_faults import staging_fault
from core.upload.staging_plan import StagingPlan, plan_staging
from tests.core.upload.shelf import EXTENSIONS, NOBODY, Shelf, as_nobody, open_to_all

SIZE = 300_000  # bytes of each of a book's parts


def plan_of(folder: Path | str, parts: int = 3, name: str = "Words (2014) {ASIN.B00DA6YEKS}") -> StagingPlan:
    shelf = Shelf(folder)
    for part in range(parts):
        shelf.put(f"Ann Lee/{name}/{part}.mp3", bytes([part]) * SIZE)
    book = shelf.scan().found[0]
    return plan_staging(book.source_dir, book.files, book.facts, extensions=EXTENSIONS)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    here = os.stat(tmp_path).st_dev
    for base in ("/dev/shm", "/run/user/" + str(os.getuid()), "/var/tmp", str(Path.home())):
        if os.access(base, os.W_OK) and os.stat(base).st_dev != here:
            with tempfile.TemporaryDirectory(dir=base) as folder:
                yield Path(folder)
            return
    pytest.fail("There is only one file system here; set TMPDIR to a folder on another one than /dev/shm.")


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of half a megabyte: a real one for root, an imitation of its refusal for others."""
    disk = tmp_path / "small disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
    yield disk
    if not mounted.returncode:
        subprocess.run(["umount", "-l", str(disk)], check=True)


# --- another file system ----------------------------------------------------------------------------------------------


def test_another_file_system_needs_a_person_and_both_mounts_are_named(
    tmp_path: Path, elsewhere: Path
) -> None:
    with pytest.raises(NeedsPerson) as told:
        materialise(plan_of(tmp_path / "library"), elsewhere / "staging")
    assert mount_of(str(tmp_path)) in told.value.message
    assert mount_of(str(elsewhere)) in told.value.message
    assert "staging.allow_copy" in told.value.hint
    assert os.listdir(elsewhere / "staging") == []


def test_permitted_copies_are_proven_counted_and_told(tmp_path: Path, elsewhere: Path) -> None:
    plan = plan_of(tmp_path / "library")
    seen: list[int] = []
    tree = materialise(plan, elsewhere, allow_copy=True, progress=lambda done, whole: seen.append(done))
    assert tree.copied_bytes == 3 * SIZE
    assert f"{3 * SIZE:,} bytes were copied" in (tree.note or "")
    assert seen == sorted(seen)
    assert seen[-1] == plan.size
    for item, file in zip(plan.items, tree.files, strict=True):
        made = Path(tree.staging_dir) / item.staged
        assert file.copied
        assert made.read_bytes() == Path(item.source).read_bytes()
        assert made.stat().st_mtime_ns == os.stat(item.source).st_mtime_ns
    assert materialise(plan, elsewhere) == tree  # accepted: byte for byte the same


def test_a_copy_that_differs_is_not_accepted(tmp_path: Path, elsewhere: Path) -> None:
    plan = plan_of(tmp_path / "library")
    tree = materialise(plan, elsewhere, allow_copy=True)
    with open(os.path.join(tree.staging_dir, plan.items[1].staged), "r+b") as file:
        file.write(b"!")
    with pytest.raises(NeedsPerson, match="differs"):
        materialise(plan, elsewhere, allow_copy=True)


def test_copies_are_taken_back_while_their_source_is_there(tmp_path: Path, elsewhere: Path) -> None:
    tree = materialise(plan_of(tmp_path / "library"), elsewhere, allow_copy=True)
    os.unlink(tree.files[0].source)
    kept = unstage(tree.staging_dir, [StagedFile(file.source, file.staged, file.size) for file in tree.files])
    assert kept == [tree.files[0].staged]


def test_mounts_are_named_with_their_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = tmp_path / "mountinfo"
    listing.write_bytes(
        b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / /mnt/my\\040books rw shared:1 - fuse.mergerfs a:b rw\n"
    )
    monkeypatch.setattr(mounts, "MOUNTINFO", str(listing))
    monkeypatch.setattr(os.path, "lexists", lambda path: True)
    assert mount_of("/mnt/my books/library") == "/mnt/my books (fuse.mergerfs)"
    assert mount_of("/mnt/my bookshelf") == "/ (ext4)"
    monkeypatch.setattr(mounts, "MOUNTINFO", str(tmp_path / "none"))
    assert mount_of("/") == "/"


# --- full disks --------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_not_now_and_leaves_nothing_behind(tmp_path: Path, small_disk: Path) -> None:
    plan = plan_of(tmp_path / "library")
    with pytest.raises(NotNow, match="is full") as told:
        materialise(plan, small_disk, allow_copy=True)
    assert "Free some room" in told.value.hint
    assert os.listdir(small_disk) == []


def test_a_disk_without_room_for_another_name(tmp_path: Path) -> None:
    """Hardlinks need room too: a name each."""
    fault = staging_fault(OSError(errno.ENOSPC, "x"), str(tmp_path), str(tmp_path))
    assert isinstance(fault, NotNow)


# --- refusals, each its own sentence --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.EXDEV, NeedsPerson, "from one mount to another"),
        (errno.EPERM, NeedsPerson, "makes no hardlinks"),
        (errno.ENOTSUP, NeedsPerson, "makes no hardlinks"),
        (errno.EMLINK, NeedsPerson, "as many hardlinks as its file system allows"),
        (errno.EACCES, NeedsPerson, "may not stage"),
        (errno.EROFS, NeedsPerson, "read-only"),
        (errno.ENOSPC, NotNow, "is full"),
        (errno.EDQUOT, NotNow, "quota"),
        (errno.ENAMETOOLONG, NeedsPerson, "takes no name as long"),
        (errno.ENOENT, NotNow, "its folder vanished"),
        (errno.ESTALE, NotNow, "network share"),
        (errno.EIO, NotNow, "reports an error"),
        (errno.ENOTDIR, NeedsPerson, "no folder"),
        (errno.EBUSY, NotNow, "could not be staged"),
    ],
)
def test_every_refusal_is_a_sentence(
    tmp_path: Path, code: int, kind: type[MousekeeperError], words: str
) -> None:
    source = tmp_path / "bad\udce9\nname.mp3"
    source.write_text("x")
    fault = staging_fault(OSError(code, os.strerror(code)), str(source), str(tmp_path / "target"))
    assert type(fault) is kind
    assert words in fault.message
    assert fault.hint.endswith((".", "?"))
    assert str(fault).isprintable()
    assert str(fault).encode()


@pytest.mark.parametrize("code", [errno.EPERM, errno.EMLINK, errno.EXDEV])
def test_where_links_are_refused_a_permitted_copy_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(source: str, target: str) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    plan = plan_of(tmp_path / "library")
    with pytest.raises(NeedsPerson):
        materialise(plan, tmp_path / "staging")
    assert materialise(plan, tmp_path / "staging", allow_copy=True).copied_bytes == plan.size


def test_imitated_hardlinks_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", shutil.copyfile)
    with pytest.raises(NeedsPerson, match="only imitates hardlinks"):
        materialise(plan_of(tmp_path / "library"), tmp_path / "staging")
    assert os.listdir(tmp_path / "staging") == []


def test_a_source_replaced_in_the_very_moment_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def replace_first(source: str, target: str) -> None:
        shutil.copyfile(source, f"{source}.new")
        os.rename(f"{source}.new", source)
        link(source, target)

    monkeypatch.setattr(os, "link", replace_first)
    with pytest.raises(NotNow, match="was replaced"):
        materialise(plan_of(tmp_path / "library"), tmp_path / "staging")
    assert os.listdir(tmp_path / "staging") == []


def test_a_source_that_changes_while_it_is_copied(tmp_path: Path, elsewhere: Path) -> None:
    plan = plan_of(tmp_path / "library", parts=1)

    def change(done: int, whole: int) -> None:
        if done < whole or not changed:
            changed.append(done)
            with open(plan.items[0].source, "ab") as file:
                file.write(b"more")

    changed: list[int] = []
    with pytest.raises(NotNow, match="changed while it was copied"):
        materialise(plan, elsewhere, allow_copy=True, progress=change)
    assert os.listdir(elsewhere) == []


def test_names_of_every_oddity_are_staged(tmp_path: Path) -> None:
    names = [
        "[a] *?",
        "q'\"",
        "line\nbreak",
        "-dash",
        "dot. ",
        "🐭👩‍👩‍👧",
        "e\u0301",
        "\u202eעברית",
        "bad \udcff",
    ]
    shelf = Shelf(tmp_path / "library")
    for number, name in enumerate(names):
        shelf.put(f"{name}/{name}.mp3", f"content {number}")
        shelf.put(f"{name}/{name}.jpg", f"cover {number}")
    shelf.put(f"{'x' * 255}/{'y' * 251}.mp3")
    trees: list[StagedTree] = []
    for book in shelf.scan().found:
        plan = plan_staging(book.source_dir, book.files, book.facts, extensions=EXTENSIONS)
        trees.append(materialise(plan, tmp_path / "staging"))
    assert len({tree.staging_dir.casefold() for tree in trees}) == len(names) + 1
    for tree in trees:
        assert sorted(os.listdir(tree.staging_dir)) == sorted(file.staged for file in tree.files)
        assert os.path.basename(tree.staging_dir).encode().isascii() or os.fsencode(tree.staging_dir).decode()


# --- rights --------------------------------------------------------------------------------------------------------------

STAGE = """
folder, target, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
plan = StagingPlan("Words", (StagingItem(folder + "/a.mp3", "Words.mp3", size, "audio"),))
try:
    print(len(materialise(plan, target).files))
except (NeedsPerson, NotNow) as error:
    print(type(error).__name__, error)
"""


def test_a_file_without_permission_and_a_closed_staging_folder() -> None:
    with open_to_all() as folder:
        source = Shelf(folder / "library").put("a.mp3")
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        (folder / "closed").mkdir()
        (folder / "closed").chmod(0o555)
        allowed = as_nobody(STAGE, str(folder / "library"), str(folder / "closed/deeper"), "5")
        os.chmod(source, 0o600)
        foreign = as_nobody(STAGE, str(folder / "library"), str(folder / "open"), "5")
        os.chmod(folder / "library", 0)
        hidden = as_nobody(STAGE, str(folder / "library"), str(folder / "open"), "5")
        os.chmod(folder / "library", 0o755)
        left = os.listdir(folder / "open")
    assert "NeedsPerson User id" in allowed
    assert "may not stage" in allowed
    assert "NeedsPerson User id" in hidden
    if os.geteuid() == 0:  # the file is another's only then
        protected = Path("/proc/sys/fs/protected_hardlinks").read_text().strip() == "1"
        expected = (
            f"belongs to user id 0, and the system lets user id {NOBODY} make no hardlink"
            if protected
            else "1"
        )
        assert expected in foreign
        assert left == ([] if protected else ["Words"])


# --- killed at any moment ----------------------------------------------------------------------------------------------

WORKER = """
import sys
from core.upload.stage import materialise
from tests.core.upload.test_stage_faults import many_plans
for plan in many_plans(sys.argv[1]):
    materialise(plan, sys.argv[2], progress=lambda done, whole: print(done, flush=True))
print("end", flush=True)
"""
BOOKS, PARTS, KILLS = 6, 5, 12


def many_plans(library: str) -> list[StagingPlan]:
    books = sorted(Shelf(library).scan().found, key=lambda book: book.source_dir)
    return [plan_staging(b.source_dir, b.files, b.facts, extensions=EXTENSIONS) for b in books]


def test_killed_at_any_moment_nothing_is_half_made(tmp_path: Path) -> None:
    library, staging = tmp_path / "library", tmp_path / "staging"
    shelf = Shelf(library)
    for book in range(BOOKS):
        for part in range(PARTS):
            shelf.put(f"Ann Lee/Words [B00000000{book}]/{part}.mp3", f"{book} {part}")
    plans = {plan.name: plan for plan in many_plans(str(library))}
    chance = random.Random(4)
    root = Path(__file__).resolve().parents[3]
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WORKER, str(library), str(staging)], cwd=root, stdout=subprocess.PIPE
        ) as worker:
            assert worker.stdout is not None
            for _ in range(chance.randrange(1, BOOKS * PARTS)):
                if worker.stdout.readline() in (b"", b"end\n"):
                    break
            worker.send_signal(signal.SIGKILL)
        for name in os.listdir(staging) if staging.exists() else []:
            if not name.startswith("."):
                staged = sorted(os.listdir(staging / name))
                assert staged == sorted(item.staged for item in plans[name].items)
        if chance.random() < 0.3:
            shutil.rmtree(staging)
    for plan in plans.values():
        tree = materialise(plan, staging)
        assert all(os.stat(file.source).st_nlink == 2 for file in tree.files)
    sweep_staging(staging)
    assert sorted(os.listdir(staging)) == sorted(plans)


def test_a_sweep_that_cannot_look_leaves_the_word_to_staging(tmp_path: Path) -> None:
    """It runs before every command: staging itself says what is wrong, and status still answers."""
    no_folder = tmp_path / "staging"
    no_folder.write_text("a file where the folder belongs")
    assert sweep_staging(no_folder) == []
