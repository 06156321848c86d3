"""Looking inside PDFs: page pictures, inspection, and whether a PDF may be signed in place."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.ids import new_id
from ingest import pdf
from ingest.errors import ActiveContent, FileRefused
from ingest.sandbox import Sandbox
from ingest.words import Place
from signing.source import Source
from signing.verification.states import View
from storage.service import ObjectStore

PICTURE_WIDTHS: Final = (160, 400, 800, 1200, 1600)
"""Widths of page pictures, in pixels; what is asked for is rounded up to one of them."""
MOST_PICTURE_BYTES: Final = 512 * 1024**2
"""How large the cache of page pictures may grow; then those not looked at for longest go."""
_PRUNE_EVERY: Final = 50


@dataclass(frozen=True)
class Inspection:
    """What a PDF holds: number of pages, and findings such as ``[{"code": "javascript"}]``."""

    pages: int
    findings: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Compared:
    """A page before and after a revision (both from 1), as PNG. ``is_refused``: nobody allowed the change."""

    page: int
    revision: int
    is_refused: bool
    before: bytes
    after: bytes


class Looking:
    """Has the sandbox look into PDFs. ``cache`` is a folder for page pictures."""

    def __init__(self, store: ObjectStore, sandbox: Sandbox, staging: Path, cache: Path) -> None:
        self._store = store
        self._sandbox = sandbox
        self._staging = staging
        self._pictures = cache
        self._drawn = 0

    def page_picture(self, digest: str, page: int, width: int) -> bytes:
        """A page (from 1) of a PDF object as PNG, at least ``width`` pixels wide, at most 1600.

        The caller has checked that the person may see the document. Raises FileRefused.
        """
        width = next((offered for offered in PICTURE_WIDTHS if offered >= width), PICTURE_WIDTHS[-1])
        self._pictures.mkdir(parents=True, exist_ok=True)
        cached = self._pictures / f"{digest}-{page}-{width}.png"
        try:
            data = cached.read_bytes()
            os.utime(cached)  # what is looked at stays
            return data
        except FileNotFoundError:
            pass
        source, target = self._staging / str(new_id()), self._staging / f"{new_id()}.png"
        try:
            self._store.fetch(digest, source)
            self._sandbox.run("picture", source, page=page, width=width, target=str(target.absolute()))
            data = target.read_bytes()
            target.replace(cached)
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
        self._drawn += 1
        if self._drawn % _PRUNE_EVERY == 1:
            self._prune_pictures()
        return data

    def _prune_pictures(self) -> None:
        """Delete the oldest quarter and more once the cache is full. Others may prune at the same time."""
        pictures: list[tuple[float, int, Path]] = []
        for path in self._pictures.iterdir():
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                pictures.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in pictures)
        if total <= MOST_PICTURE_BYTES:
            return
        for _, size, path in sorted(pictures):
            if total <= MOST_PICTURE_BYTES * 3 // 4:
                return
            path.unlink(missing_ok=True)
            total -= size

    def inspect(self, file: bytes | Path) -> Inspection:
        """Pages and findings of a PDF. Raises FileRefused."""
        with self._staged(file) as source:
            found = self._sandbox.run("inspect", source)
        return Inspection(int(found["pages"]), tuple(found["findings"]))

    def find(self, digest: str, keyword: str) -> list[Place]:
        """Where a keyword stands in a PDF object; the caller has checked that the person may see it.

        Raises FileRefused.
        """
        source = self._staging / str(new_id())
        try:
            self._store.fetch(digest, source)
            found = self._sandbox.run("find", source, keyword=keyword)
        finally:
            source.unlink(missing_ok=True)
        places = (Place.from_json(one) for one in found["places"])
        return [place for place in places if place is not None]

    def picture_of(self, file: Path | Iterable[bytes | memoryview], page: int, width: int) -> bytes:
        """A page (from 1) of a PDF that is not kept, as PNG. Raises FileRefused."""
        target = self._staging / f"{new_id()}.png"
        try:
            with self._staged(file) as source:
                self._sandbox.run("picture", source, page=page, width=width, target=str(target.absolute()))
            return target.read_bytes()
        finally:
            target.unlink(missing_ok=True)

    def before_and_after(self, source: Source, views: Iterable[View], width: int) -> list[Compared]:
        """The pages that revisions changed, drawn before and after; what cannot be drawn is left out."""
        drawn = []
        for view in views:
            try:
                before, after = (
                    self.picture_of(source.pieces(0, end), view.page, width)
                    for end in (view.before, view.after)
                )
            except FileRefused:
                continue
            drawn.append(Compared(view.page, view.revision, view.is_refused, before, after))
        return drawn

    @contextlib.contextmanager
    def _staged(self, file: bytes | Path | Iterable[bytes | memoryview]) -> Iterator[Path]:
        """The file of a PDF: its own, or one for the time being."""
        if isinstance(file, Path):
            yield file
            return
        source = self._staging / str(new_id())
        try:
            with source.open("xb") as staged:
                staged.writelines([file] if isinstance(file, bytes) else file)
            yield source
        finally:
            source.unlink(missing_ok=True)

    def signable(self, file: bytes | Path) -> Inspection:
        """Raise ActiveContent when a PDF must not be signed in place; else what was found in it."""
        found = self.inspect(file)
        blocking = sorted({item["code"] for item in found.findings} & pdf.SIGN_BLOCKERS)
        if blocking:
            raise ActiveContent(first=blocking[0], findings=", ".join(blocking))
        return found
