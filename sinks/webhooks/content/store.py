"""Content that is too big to send, in a folder that every sink and the content server share: a file for each hash.

A file is complete or not there: it is written beside its place, flushed to the disk and renamed into it. The key that signs
links lies in the folder too: whoever can read it can read the content anyway.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from schemas.errors import Unavailable
from schemas.settings import WebhookSettings
from sinks.webhooks.content.link import SECOND_US, Links, digest

KEY_FILE = "link-key"
KEY_BYTES = 32
REMEDY = "EARSHOT_WEBHOOK_CONTENT_DIR must be a folder this process can write to"


class ContentStore:
    """Every call blocks; Unavailable when the folder is not there or full."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.key = self._read_or_make_key()
        except OSError as error:
            raise _away(error) from error

    def put(self, content: bytes) -> str:
        """The content's hash, once it is on the disk; putting it again only makes it young again."""
        sha256 = digest(content)
        place = self.path(sha256)
        try:
            if place.exists():
                os.utime(place)
            else:
                place.parent.mkdir(exist_ok=True)
                self._write(place, content)
        except OSError as error:
            raise _away(error) from error
        return sha256

    def path(self, sha256: str) -> Path:
        """Where content of that hash is, if it is there."""
        return self._folder / sha256[:2] / sha256

    def size(self, sha256: str) -> int | None:
        """Length in bytes; None when it is not there."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def touch(self, sha256: str) -> None:
        """It is wanted again: keep it as long as new content."""
        os.utime(self.path(sha256))

    def forget(self, before_us: int) -> int:
        """Remove what nobody put or asked for since; returns how many."""
        gone = 0
        for path in self._folder.glob("??/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime * SECOND_US < before_us:
                    path.unlink()
                    gone += 1
        return gone

    def _read_or_make_key(self) -> bytes:
        place = self._folder / KEY_FILE
        if not place.exists():
            with suppress(FileExistsError):
                self._write(place, secrets.token_bytes(KEY_BYTES), replace=False)
        return place.read_bytes()

    def _write(self, place: Path, content: bytes, *, replace: bool = True) -> None:
        with NamedTemporaryFile(dir=place.parent, prefix=".", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            (os.replace if replace else os.link)(file.name, place)
            _sync_folder(place.parent)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(file.name)


def links_of(settings: WebhookSettings, store: ContentStore) -> Links:
    """Links to the content of `store`."""
    return Links(settings.webhook_content_url, int(settings.webhook_link_lifetime_s * SECOND_US), store.key)


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _away(error: OSError) -> Unavailable:
    return Unavailable(f"the content store does not take or give content: {error.strerror}", remedy=REMEDY)
