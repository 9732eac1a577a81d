"""The output folder: the only writer under it.

    site/                    0700: it holds memory
      .memtiles.lock         held while a build runs; marks the folder as ours
      .staging/              what is being made; swept at the start of every build
      pictures/  bundles/  atlases/  strips/
                             finished folders, each renamed into place once, never changed
      manifest.json          renamed into place last: the one commit point

A build killed at any instant leaves the old manifest and everything that it names, and folders that
nothing names, which the next build reuses or sweeps.
"""

from __future__ import annotations

import filecmp
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from memtiles.disk import disk_errors
from memtiles.errors import LockedError, MemtilesError, UsageError
from memtiles.manifest import BUNDLES, FILE, SCRIPT_FILE, Manifest, read_manifest, script_of
from memtiles.site.viewer import FILES as VIEWER_FILES

PRIVATE_MODE = 0o700

LOCK_FILE = ".memtiles.lock"
_STAGING = ".staging"
_KINDS = ("pictures", BUNDLES, "atlases", "strips")

# Windows takes these for devices, whatever comes after the dot.
_DEVICES = re.compile("con|prn|aux|nul|(com|lpt)[0-9]")


def slug(name: str) -> str:
    """A name as a part of a folder's: `[a-z0-9-]`, at most 40 characters, never empty."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "unnamed"


def file_stem(name: str, what: str) -> str:
    """A name as that of a file, without its ending; `what` stands before that of a device."""
    stem = slug(name)
    return f"{what}-{stem}" if _DEVICES.fullmatch(stem) else stem


class Store:
    """An output folder held for one build; use it in a `with` statement."""

    def __init__(
        self,
        folder: Path,
        mode: int = PRIVATE_MODE,
        *,
        adopt: bool = False,
        distrust: bool = False,
    ) -> None:
        """Nothing is touched before the `with`.

        Args:
            folder: The output folder; made if it is not there.
            mode: Permissions of folders; files have the same without x.
            adopt: Take a folder that holds other files. They are left alone.
            distrust: Take no finished folder for right: all is made anew, and compared.
        """
        self.folder = folder
        self._mode = mode
        self._adopt = adopt
        self._distrust = distrust
        self._numbers = count(1)

    def __enter__(self) -> Store:
        self._umask = os.umask(~self._mode & 0o777)
        try:
            self._take()
        except BaseException:
            os.umask(self._umask)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder / _STAGING, ignore_errors=True)
        self._lock.release()
        os.umask(self._umask)

    def _take(self) -> None:
        check_folder(self.folder, adopt=self._adopt)
        with disk_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / LOCK_FILE, mode=self._mode & 0o666)
        with disk_errors():
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise LockedError(
                    f"{self.folder}: another build is writing here; wait for it"
                ) from None
        with disk_errors():
            self._apply_mode()
            shutil.rmtree(self.folder / _STAGING, ignore_errors=True)
            (self.folder / _STAGING).mkdir()
            for kind in _KINDS:
                (self.folder / kind).mkdir(exist_ok=True)

    def _apply_mode(self) -> None:
        """Permissions of what an earlier build left, where this one wants others."""
        if stat.S_IMODE(self.folder.stat().st_mode) == self._mode:
            return
        for name in (LOCK_FILE, FILE, SCRIPT_FILE, *VIEWER_FILES):
            self._chmod_file(self.folder / name)
        for kind in _KINDS:
            for top, _, files in os.walk(self.folder / kind, topdown=False):
                for file in files:
                    self._chmod_file(Path(top) / file)
                Path(top).chmod(self._mode)
        # Last, because it is what tells the next build that all the others are done.
        self.folder.chmod(self._mode)

    def _chmod_file(self, file: Path) -> None:
        if file.is_file() and not file.is_symlink():
            file.chmod(self._mode & 0o666)

    def manifest(self) -> Manifest | None:
        """The manifest of the build before, or None where there is none that can be used."""
        try:
            return read_manifest((self.folder / FILE).read_bytes())
        except FileNotFoundError:
            return None

    def stage(self) -> Path:
        """A new, empty folder to make something in; from any thread."""
        staged = self.folder / _STAGING / f"{next(self._numbers):06}"
        staged.mkdir()
        return staged

    def holds(self, path: str) -> bool:
        """Whether the finished folder `path` is there and need not be made."""
        return not self._distrust and (self.folder / path).is_dir()

    def keep(self, staged: Path, path: str) -> None:
        """Moves a staged folder to `path`, or drops it where that is there already.

        The path is made from a digest of the content, so what is there is the same, unless
        somebody damaged it: then a distrustful store puts the new one in its place.
        """
        final = self.folder / path
        if final.is_dir():
            if self.holds(path) or _same_files(staged, final):
                shutil.rmtree(staged)
                return
            final.rename(self.stage() / "damaged")
        staged.rename(final)

    def publish(self, manifest: Manifest, viewer: dict[str, bytes]) -> None:
        """Commits: the viewer's files, the script twin, then `manifest.json`; then sweeps."""
        text = manifest.to_json()
        files: dict[str, Iterable[bytes | memoryview]] = {
            **{name: [content] for name, content in viewer.items()},
            SCRIPT_FILE: script_of(text),
            FILE: [text],
        }
        for name, pieces in files.items():
            self._write(name, pieces)
        # All at once, after the slow part: a kill in between leaves a page of one build beside
        # the manifest of another.
        for name in files:
            (self.folder / _STAGING / name).replace(self.folder / name)
        _sync_folder(self.folder)
        pictures = {row.path for row in manifest.pictures}
        atlases = {one.path for row in manifest.atlases for one in row.lenses}
        self._sweep(pictures | atlases | {row.path for row in manifest.strips})

    def _write(self, name: str, pieces: Iterable[bytes | memoryview]) -> None:
        with (self.folder / _STAGING / name).open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())

    def _sweep(self, wanted: Collection[str]) -> None:
        """Removes what the manifest does not name.

        Each folder leaves its place by one rename: one that was removed only in part, by a build
        that was killed, would be taken for finished when its content is wanted again.
        """
        swept = self.stage()
        for kind in _KINDS:
            for folder in (self.folder / kind).iterdir():
                if f"{kind}/{folder.name}" not in wanted:
                    with suppress(OSError):
                        folder.rename(swept / f"{kind}-{folder.name}")
        shutil.rmtree(swept, ignore_errors=True)


def _same_files(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same bytes."""
    names = [
        {file.relative_to(folder) for file in folder.rglob("*") if not file.is_dir()}
        for folder in (one, other)
    ]
    return names[0] == names[1] and all(
        filecmp.cmp(one / name, other / name, shallow=False) for name in names[0]
    )


def check_folder(folder: Path, *, adopt: bool = False) -> None:
    """Refuses an output folder that is not ours to write in.

    Raises:
        UsageError: A link, a file, another user's, or a folder with other files in it.
    """
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise UsageError(f"{folder}: {error.strerror}; choose another output folder") from None
    if stat.S_ISLNK(status.st_mode):
        raise UsageError(f"{folder}: the output folder is a link; name the folder itself")
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{folder}: the output is a file; name a folder")
    if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        raise UsageError(f"{folder}: the output folder belongs to somebody else; choose another")
    with disk_errors():
        for name in (LOCK_FILE, _STAGING, *_KINDS):
            if (folder / name).is_symlink():
                raise UsageError(f"{folder / name} is a link: this is no folder that memtiles made")
        if (folder / LOCK_FILE).exists() or _has_manifest(folder):
            return
        found = sorted(file.name for file in folder.iterdir())
    if found and not adopt:
        raise UsageError(
            f"{folder}: the output folder holds other files; choose another, or leave them alone "
            "and build beside them with --force"
        )
    for name in (_STAGING, *_KINDS, FILE, SCRIPT_FILE, *VIEWER_FILES):
        if name in found:
            raise UsageError(
                f"{folder / name} is in the way and not of memtiles: choose another output folder"
            )


def _has_manifest(folder: Path) -> bool:
    """Whether a manifest of ours is there; many programs call a file of theirs manifest.json."""
    try:
        read_manifest((folder / FILE).read_bytes())
    except (FileNotFoundError, MemtilesError):
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Makes the renames in `folder` durable, where the system can (Windows cannot open folders)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with suppress(OSError):  # some network file systems cannot
        os.fsync(handle)
    os.close(handle)
