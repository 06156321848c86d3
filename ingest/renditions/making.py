"""The ways in which renditions are made.

The original is never touched. Each way ends with a judgement of its own result, and pages as pictures
with their text are the way that is always left.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pikepdf

from ingest import pdf
from ingest.conversion import Member
from ingest.errors import FileBroken, FileRefused
from ingest.renditions import appearances, archive, declaring, fonts, inert, layers, pictures, substitution

ACTIVE: Final = pdf.SIGN_BLOCKERS | {"embedded-files", "embedded-executable", "uri", "signed"}
"""Findings that no rendition for looking at or signing may have."""
_SURPRISES: Final = (
    pikepdf.PdfError, pikepdf.ForeignObjectError, UnicodeError, TypeError, ValueError, KeyError, IndexError,
    AttributeError, RuntimeError, NotImplementedError, OverflowError, AssertionError, struct.error, OSError,
    FileBroken,
)  # fmt: skip
"""What a malformed file makes the libraries raise; the next way does not depend on its structure."""


def archival(source: Path, target: Path, attachments: Sequence[Member]) -> tuple[str, str]:
    """A PDF/A-2b, or 3b with ``attachments`` embedded. Returns the standard and the way:

    - ``declared``: the file's own pages, cleared of what PDF/A forbids
    - ``embedded``: the same, with fonts embedded that were not
    - ``pictures``: each page as a picture with its text behind it

    Raises FileRefused when not even pictures can be drawn.
    """
    standard = "3b" if attachments else "2b"
    for way in ("declared", "embedded"):
        try:
            with _flat(source) as document:
                made = substitution.embed(document) if way == "embedded" else ()
                archive.clear(document)
                fonts.require_sound(document, made)
                declaring.declare(document, standard, attachments)
                archive.save(document, target)
            archive.require_sound(target)
            return standard, way
        except _SURPRISES:
            continue
    with pikepdf.new() as document:
        pictures.draw(source, document)
        declaring.declare(document, standard, attachments, like=source)
        archive.save(document, target)
    return standard, "pictures"


def viewer(source: Path, target: Path) -> None:
    """A PDF that looks the same and in which nothing acts. Raises FileRefused."""
    _make_inactive(_inert, source, target)


def flattened(source: Path, target: Path) -> None:
    """The pages as they look: no forms, annotations or layers; may be signed. Raises FileRefused."""
    _make_inactive(_flat, source, target)


def _make_inactive(way: Callable[[Path], pikepdf.Pdf], source: Path, target: Path) -> None:
    """Make it one way; as pictures of its pages where that fails or leaves something that acts."""
    try:
        with way(source) as document:
            _save(document, target)
    except _SURPRISES:
        _save_pictures(source, target)
        return
    if _is_active(target):
        _save_pictures(source, target)


def _inert(source: Path) -> pikepdf.Pdf:
    document = appearances.opened(source)
    try:
        inert.clear(document)
        layers.settle(document)
    except BaseException:
        document.close()
        raise
    return document


def _flat(source: Path) -> pikepdf.Pdf:
    document = _inert(source)
    try:
        appearances.flatten(document)
    except BaseException:
        document.close()
        raise
    return document


def _save(document: pikepdf.Pdf, target: Path) -> None:
    document.remove_unreferenced_resources()
    document.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def _save_pictures(source: Path, target: Path) -> None:
    with pikepdf.new() as document:
        pictures.draw(source, document)
        _save(document, target)


def _is_active(target: Path) -> bool:
    try:
        found: list[dict[str, Any]] = pdf.inspect(target)["findings"]
    except FileRefused:
        return True
    return any(one["code"] in ACTIVE for one in found)
