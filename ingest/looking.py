"""Looking inside PDFs: page pictures, inspection, and whether a PDF may be signed in place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core.ids import new_id
from ingest import pdf
from ingest.errors import ActiveContent
from ingest.sandbox import Sandbox
from storage.service import ObjectStore

PICTURE_WIDTHS: Final = (160, 400, 800, 1200, 1600)
"""Widths of page pictures, in pixels; what is asked for is rounded up to one of them."""
MOST_PICTURES: Final = 4000


@dataclass(frozen=True)
class Inspection:
    """What a PDF holds: number of pages, and findings such as ``[{"code": "javascript"}]``."""

    pages: int
    findings: tuple[dict[str, Any], ...]


class Looking:
    """Has the sandbox look into PDFs. ``cache`` is a folder for page pictures."""

    def __init__(self, store: ObjectStore, sandbox: Sandbox, staging: Path, cache: Path) -> None:
        self._store = store
        self._sandbox = sandbox
        self._staging = staging
        self._pictures = cache

    def page_picture(self, digest: str, page: int, width: int) -> bytes:
        """A page (from 1) of a PDF object as PNG, at least ``width`` pixels wide, at most 1600.

        The caller has checked that the person may see the document. Raises FileRefused.
        """
        width = next((offered for offered in PICTURE_WIDTHS if offered >= width), PICTURE_WIDTHS[-1])
        self._pictures.mkdir(parents=True, exist_ok=True)
        cached = self._pictures / f"{digest}-{page}-{width}.png"
        try:
            return cached.read_bytes()
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
        self._prune_pictures()
        return data

    def _prune_pictures(self) -> None:
        pictures = list(self._pictures.iterdir())
        if len(pictures) <= MOST_PICTURES:
            return
        pictures.sort(key=lambda path: path.stat().st_mtime)
        for path in pictures[: MOST_PICTURES // 4]:
            path.unlink(missing_ok=True)

    def inspect(self, data: bytes) -> Inspection:
        """Pages and findings of a PDF. Raises FileRefused."""
        source = self._staging / str(new_id())
        try:
            source.write_bytes(data)
            found = self._sandbox.run("inspect", source)
        finally:
            source.unlink(missing_ok=True)
        return Inspection(int(found["pages"]), tuple(found["findings"]))

    def signable(self, data: bytes) -> Inspection:
        """Raise ActiveContent when a PDF must not be signed in place; else what was found in it."""
        found = self.inspect(data)
        blocking = sorted({item["code"] for item in found.findings} & pdf.SIGN_BLOCKERS)
        if blocking:
            raise ActiveContent(first=blocking[0], findings=", ".join(blocking))
        return found
