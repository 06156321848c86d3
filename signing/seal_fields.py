"""Seals in a PDF: text fields made before the first signature and filled in the seal's own revision.

Whatever is added to a page after a signature breaks it, except what stands in a field that was there
before. A *read-only text field* with an empty appearance is what every validator and viewer that was
tried accepts. The seal's signature fills such fields in its own revision and locks them (FieldMDP
Include), so that a slice that is exchanged later is found. What has no field gets a signature field of
its own, which may be added after other signatures.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import BaseStampStyle

from core.errors import VermilionError
from signing.drawing import Drawing, SealStyle, appearance, form
from signing.errors import PlacementMissing, PlacementNearReady, SigningRefused
from signing.fields import FieldSpec, WantedPlace
from signing.pades import SigningKey, field_names, names_in, revise_file, sign_file
from signing.pages import Box, PageFrame, leaves, overlap, rectangle
from signing.pdf_reader import Reader
from signing.placing import Spot, spots
from signing.revision import Revision
from signing.source import Pdf, Source

PREFIX: Final = "VermilionSeal"
MOST_SIGNATURES: Final = 200
"""How many signatures one use of a seal may become in a file that arrived signed."""
_READ_ONLY: Final = 1
_PRINT_LOCKED: Final = 4 | 64 | 128
"""Annotation flags (ISO 32000-1, table 165): Print, ReadOnly, Locked."""
_MOST_FIELDS: Final = 20_000
_DEEPEST: Final = 30
_SEEN: Final = 0.01
"""Units of user space; what is smaller cannot be seen."""


@dataclass(frozen=True)
class Reserved:
    """A place made ready for a seal: its field, page (from 1), area in millimetres as shown."""

    name: str
    page: int
    area: Box


@dataclass(frozen=True)
class Paper:
    """What placing a seal must know of a file."""

    frames: tuple[PageFrame, ...]
    taken: dict[int, list[Box]]
    reserved: tuple[Reserved, ...]
    is_signed: bool


def look(pdf: Pdf) -> Paper:
    """Pages, visible signatures and free reserved places of a file. Raises SigningRefused."""
    with Source.at(pdf) as source:
        return _look(source)


def _look(source: Source) -> Paper:
    try:
        reader = Reader(source)
        pages = leaves(reader.root)
        taken: dict[int, list[Box]] = {}
        reserved: list[Reserved] = []
        for number, leaf in enumerate(pages, 1):
            for annotation in _annotations(leaf.page):
                box = _visible_box(annotation)
                kind = _inherited(annotation, "/FT")
                if box is None or kind not in ("/Sig", "/Tx"):
                    continue
                name = str(annotation["/T"]) if "/T" in annotation else ""
                if kind == "/Tx" and name.startswith(PREFIX):
                    if "/V" not in annotation:
                        reserved.append(Reserved(name, number, leaf.frame.shown(box)))
                        continue
                elif kind == "/Tx":
                    continue
                taken.setdefault(number, []).append(box)
        is_signed = any(names_in(reader).values())
    except VermilionError:
        raise
    except Exception as error:  # a stranger's file raises whatever it likes
        raise SigningRefused(reason=f"{type(error).__name__}: {error}"[:160]) from error
    return Paper(tuple(leaf.frame for leaf in pages), taken, tuple(reserved), is_signed)


def reserve(path: Path, size_mm: tuple[float, float], wanted: Sequence[WantedPlace], group: str) -> None:
    """Make a field ready for each spot, in a file of the caller's own. Only before the first signature.

    ``group`` makes names unique. Raises what ``spots`` raises, and SigningRefused.
    """
    paper = look(path)
    found = spots(paper.frames, wanted, size_mm, _with_reserved(paper))
    names = [f"{PREFIX}_{group}_{number}" for number in range(1, len(found) + 1)]
    pairs = list(zip(names, found, strict=True))
    revise_file(path, lambda writer: _add_fields(writer, pairs, paper.frames))


def apply(
    path: Path,
    drawing: Drawing,
    wanted: Sequence[WantedPlace],
    key: SigningKey,
    timestamper: TimeStamper | None,
    *,
    reason: str,
    name: str,
    group: str,
) -> tuple[Spot, ...]:
    """Put a seal on a file of the caller's own, of any size: everything is appended to it.

    As few signatures as it allows, filled fields under the first of them. Raises what ``spots`` raises,
    PlacementMissing where there would be too many signatures, and SigningRefused; the file is then as
    it was.
    """
    with _as_it_was(path):
        paper = look(path)
        found = spots(paper.frames, wanted, drawing.size_mm, paper.taken)
        fills, rest = _match(paper, found)
        _check_apart(paper, fills, rest)
        if not paper.is_signed and len(rest) > 1:
            fresh, rest = _made_ready(path, paper, rest, group)
            fills = {**fills, **fresh}
        if len(rest) > MOST_SIGNATURES:
            raise PlacementMissing(field="placements", most=MOST_SIGNATURES)
        hook = _filling(fills, drawing, paper.frames, f"{name} {reason}") if fills else None
        taken = set(field_names(path))
        own: list[Spot | None] = [*rest] or [None]  # without a spot of its own, it is an invisible one
        for spot in own:
            field = _free_name(taken)
            sign_file(
                path,
                field,
                key,
                timestamper,
                reason=reason,
                name=name,
                style=_style(spot, drawing, paper.frames),
                new_field=_field(field, spot, paper.frames, tuple(fills) if hook else ()),
                before=hook,
            )
            hook = None
    return tuple(found)


@contextmanager
def _as_it_was(path: Path) -> Iterator[None]:
    """Cut off what was appended to a file when something raises."""
    size = path.stat().st_size
    try:
        yield
    except BaseException:
        os.truncate(path, size)
        raise


def _made_ready(
    path: Path, paper: Paper, rest: Sequence[Spot], group: str
) -> tuple[dict[str, Spot], list[Spot]]:
    """Fields for all spots but one, which the signature itself takes: nobody has signed, so that fields
    made now stand before the first signature."""
    whole = [spot for spot in rest if not spot.is_slice]
    bare = [*(spot for spot in rest if spot.is_slice), *whole[1:]]
    pairs = [(f"{PREFIX}_{group}_{number}", spot) for number, spot in enumerate(bare, 1)]
    revise_file(path, lambda writer: _add_fields(writer, pairs, paper.frames))
    return dict(pairs), whole[:1]


def preview(path: Path, drawing: Drawing, wanted: Sequence[WantedPlace]) -> tuple[Spot, ...]:
    """Make a file of the caller's own look as it will: the same drawing in the same places, unsigned.

    Gives the areas that the seal takes. Raises what ``spots`` raises, and SigningRefused.
    """
    paper = look(path)
    found = spots(paper.frames, wanted, drawing.size_mm, paper.taken)
    pairs = [(f"{PREFIX}_preview_{number}", spot) for number, spot in enumerate(found, 1)]

    def work(writer: Revision) -> None:
        _add_fields(writer, pairs, paper.frames)
        _filling(dict(pairs), drawing, paper.frames, "")(writer)

    revise_file(path, work)
    return tuple(found)


def _match(paper: Paper, found: Sequence[Spot]) -> tuple[dict[str, Spot], list[Spot]]:
    """Which spots have a reserved field, and which have none."""
    free = list(paper.reserved)
    fills: dict[str, Spot] = {}
    rest: list[Spot] = []
    for spot in found:
        field = next((one for one in free if one.page == spot.page and spot.is_at(one.area)), None)
        if field is None:
            rest.append(spot)
        else:
            free.remove(field)
            fills[field.name] = spot
    return fills, rest


def _check_apart(paper: Paper, fills: dict[str, Spot], rest: Sequence[Spot]) -> None:
    """A new field must not cover one that was made ready and stays empty: validators that compare
    annotations call overlapping ones a modification."""
    unused = [one for one in paper.reserved if one.name not in fills]
    for spot in rest:
        frame = paper.frames[spot.page - 1]
        if any(one.page == spot.page and overlap(spot.box(frame), _box_of(paper, one)) for one in unused):
            raise PlacementNearReady(field="placements", page=spot.page)


def _box_of(paper: Paper, one: Reserved) -> Box:
    left, top, right, bottom = one.area
    return paper.frames[one.page - 1].box(left, top, right - left, bottom - top)


def _with_reserved(paper: Paper) -> dict[int, list[Box]]:
    taken = {page: list(boxes) for page, boxes in paper.taken.items()}
    for one in paper.reserved:
        taken.setdefault(one.page, []).append(_box_of(paper, one))
    return taken


def _add_fields(writer: Revision, pairs: Sequence[tuple[str, Spot]], frames: Sequence[PageFrame]) -> None:
    """Read-only text fields with an empty appearance, one for each spot."""
    fields = _array(writer, _acro_form(writer), "/Fields")
    for name, spot in pairs:
        page_reference, _ = writer.find_page_for_modification(spot.page - 1)  # type: ignore[no-untyped-call]
        page = page_reference.get_object()
        left, bottom, right, top = spot.box(frames[spot.page - 1])
        empty = form(b"q Q", right - left, top - bottom, {})
        field = generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Widget"),
                pdf_name("/FT"): pdf_name("/Tx"),
                pdf_name("/T"): generic.pdf_string(name),
                pdf_name("/Ff"): generic.NumberObject(_READ_ONLY),
                pdf_name("/F"): generic.NumberObject(_PRINT_LOCKED),
                pdf_name("/P"): page_reference,
                pdf_name("/Rect"): generic.ArrayObject(
                    [generic.FloatObject(round(edge, 3)) for edge in (left, bottom, right, top)]
                ),
                pdf_name("/AP"): generic.DictionaryObject({pdf_name("/N"): writer.add_object(empty)}),
            }
        )
        reference = writer.add_object(field)
        fields.append(reference)
        _array(writer, page, "/Annots").append(reference)


def _filling(
    fills: dict[str, Spot], drawing: Drawing, frames: Sequence[PageFrame], words: str
) -> Callable[[Revision], None]:
    """Sets value and appearance of the fields; the seal itself is one object that all of them show."""

    def work(writer: Revision) -> None:
        seal = drawing.add_to(writer)
        left = dict(fills)
        for reference in _array(writer, _acro_form(writer), "/Fields", touch=False):
            field = reference.get_object()
            spot = left.pop(str(field["/T"]) if "/T" in field else "", None)
            if spot is None:
                continue
            look = appearance(drawing, spot.shown(frames[spot.page - 1]), seal)
            part = f" {spot.part}/{spot.parts}" if spot.is_slice else ""
            field[pdf_name("/V")] = generic.TextStringObject(f"{words}{part}")
            field[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(look)})
            writer.update_container(field)
        if left:
            raise SigningRefused(reason=f"no field {next(iter(left))}")

    return work


def _acro_form(writer: Revision) -> Any:
    root = writer.root
    if "/AcroForm" not in root:
        made = generic.DictionaryObject({pdf_name("/Fields"): generic.ArrayObject()})
        root[pdf_name("/AcroForm")] = writer.add_object(made)
        writer.update_root()  # type: ignore[no-untyped-call]
    return root["/AcroForm"]


def _array(writer: Revision, owner: Any, key: str, touch: bool = True) -> Any:
    """An array of ``owner``, made when it is not there; with ``touch`` it will be written anew."""
    if key not in owner:
        owner[pdf_name(key)] = generic.ArrayObject()
        writer.update_container(owner)
        return owner[key]
    found = owner[key]
    if touch:
        writer.update_container(found)
    return found


def _style(spot: Spot | None, drawing: Drawing, frames: Sequence[PageFrame]) -> BaseStampStyle | None:
    if spot is None:
        return None
    return SealStyle(drawing=drawing, shown=spot.shown(frames[spot.page - 1]))


def _field(name: str, spot: Spot | None, frames: Sequence[PageFrame], locks: tuple[str, ...]) -> FieldSpec:
    if spot is None:
        return FieldSpec(name, locks=locks)
    return FieldSpec(name, spot.page - 1, spot.box(frames[spot.page - 1]), locks)


def _free_name(taken: set[str]) -> str:
    number = 1
    while f"Seal{number}" in taken:
        number += 1
    taken.add(f"Seal{number}")
    return f"Seal{number}"


def _annotations(page: Any) -> list[Any]:
    found = page["/Annots"] if "/Annots" in page else ()  # noqa: SIM401 (get does not resolve)
    return [one.get_object() for one in list(found)[:_MOST_FIELDS]]


def _visible_box(annotation: Any) -> Box | None:
    if "/Rect" not in annotation:
        return None
    box = rectangle(annotation["/Rect"])
    return box if box[2] - box[0] > _SEEN and box[3] - box[1] > _SEEN else None


def _inherited(annotation: Any, key: str) -> Any:
    node = annotation
    for _ in range(_DEEPEST):
        if key in node:
            return node[key]
        if "/Parent" not in node:
            return None
        node = node["/Parent"]
    return None
