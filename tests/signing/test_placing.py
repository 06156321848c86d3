"""Where seals go: many places under one signature, slices on edges, and what is shown is what comes."""

from __future__ import annotations

import io
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from signing import pades, seal_fields, seals
from signing.drawing import Drawing
from signing.errors import (
    AnchorNotFound,
    PlacementMissing,
    PlacementNearReady,
    PlacementOffPage,
    PlacementOverlaps,
    StraddleNeedsPages,
)
from signing.fields import Edge, EveryPage, FieldSpec, Placement, Straddle, WantedPlace
from signing.models import SealState
from signing.pages import PageFrame
from signing.placing import Spot, at_words, spots
from signing.seal_facts import SealFacts
from signing.seals import Face, SealKind
from signing.straddle import groups, slices
from signing.verification import verify_pdf
from tests import independent
from tests.office import contract_pdf
from tests.signing.conftest import Desk
from tests.verapdf import violations

SEAL = seals.draw(Face(SealKind.CONTRACT, "云杉测试科技有限公司", 42, 42, "3201009990002"))
OVAL = seals.draw(Face(SealKind.INVOICE, "云杉测试科技有限公司", 40, 30, None, "91320100MA1XYZ0A2B"))
PAGE = PageFrame((0, 0, 595.276, 841.89), 1.0, 0)


@contextmanager
def in_file(pdf: bytes) -> Iterator[Path]:
    """A file of one's own with these bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.pdf"
        path.write_bytes(pdf)
        yield path


def reserved(pdf: bytes, wanted: Sequence[WantedPlace]) -> bytes:
    """The file with places made ready."""
    with in_file(pdf) as path:
        seal_fields.reserve(path, (42, 42), wanted, "case_1")
        return path.read_bytes()


@dataclass(frozen=True)
class Stamp:
    """A seal's key at a desk, and a way to use it."""

    desk: Desk
    key: pades.SigningKey

    def put(
        self, pdf: bytes, wanted: Sequence[WantedPlace], drawing: Drawing = SEAL
    ) -> tuple[bytes, tuple[Spot, ...]]:
        with in_file(pdf) as path:
            found = seal_fields.apply(
                path,
                drawing,
                wanted,
                self.key,
                self.desk.signing.authority.timestamper(),
                reason="HT-1 采购合同",
                name="云杉 合同专用章",
                group="test",
            )
            return path.read_bytes(), found

    def outcome(self, pdf: bytes) -> str:
        return verify_pdf(pdf, self.desk.roots(), self.desk.now()).outcome.value


@pytest.fixture(scope="module")
def stamp(shared_desk: Desk) -> Stamp:
    """A seal that the desk's authority certified."""
    desk = shared_desk
    facts = SealFacts(desk.company.entity_id, "合同专用章", "contract", desk.company.people["keeper"])
    with desk.runtime.database.write() as session:
        seal = desk.signing.sealing.make(session, desk.company.people["admin"], facts, SealState.ACTIVE)
        seal_id = seal.id
    with desk.runtime.database.read() as session:
        key = desk.signing.sealing.key(session, seal_id)
    return Stamp(desk, key)


def blank(pages: int = 1, *, turn: int = 0, crop: bool = False, unit: float = 1.0) -> bytes:
    """A PDF of empty pages of 600 by 800 units."""
    document = pikepdf.new()
    for _ in range(pages):
        page = document.add_blank_page(page_size=(600 / unit, 800 / unit))
        page.Rotate = turn
        if crop:
            page.CropBox = pikepdf.Array([40 / unit, 60 / unit, 540 / unit, 760 / unit])
        if unit != 1:
            page.UserUnit = unit
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def drawn(pdf: bytes, page: int = 1, scale: float = 2.0) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    document.init_forms()
    image = document[page - 1].render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    document.close()
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """Share of pixels that differ by more than a shade."""
    assert one.size == other.size
    grey = ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 40 else 0)
    return grey.histogram()[255] / (grey.width * grey.height)


def red(image: Image.Image) -> int:
    """How many pixels are of a seal's red."""
    reds, greens, _ = image.split()
    mask = ImageChops.multiply(
        reds.point(lambda value: 255 if value > 150 else 0),
        greens.point(lambda value: 255 if value < 120 else 0),
    )
    return mask.histogram()[255]


# slices


@given(st.integers(1, 500), st.integers(1, 60))
def test_groups_hold_every_page_once_and_are_of_equal_size_within_one(pages: int, most: int) -> None:
    found = groups(pages, most)
    assert [page for group in found for page in group] == list(range(1, pages + 1))
    sizes = [len(group) for group in found]
    assert max(sizes) <= most
    if most > 2 and pages > 1:
        assert max(sizes) - min(sizes) <= 1 and min(sizes) > 1


@given(st.integers(2, 80), st.integers(2, 30), st.sampled_from(list(Edge)))
def test_the_slices_of_a_group_side_by_side_are_the_whole_seal(pages: int, most: int, edge: Edge) -> None:
    found = list(slices(pages, edge, most))
    for group in groups(pages, most):
        parts = sorted((part for part in found if part.page in group), key=lambda part: part.begins)
        assert parts[0].begins == 0 and parts[-1].ends == 1
        assert all(one.ends == other.begins for one, other in itertools.pairwise(parts))
        in_order = [part.page for part in parts]
        assert in_order == sorted(in_order, reverse=edge is Edge.LEFT)


def test_a_straddle_needs_two_pages() -> None:
    with pytest.raises(StraddleNeedsPages):
        spots([PAGE], [Straddle()], (42, 42), {})


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ([], PlacementMissing),
        ([Placement(1, 60, 60)] * 21, PlacementMissing),
        ([Placement(3, 60, 60)], PlacementOffPage),
        ([Placement(1, 20.9, 60)], PlacementOffPage),
        ([Placement(1, float("nan"), 60)], PlacementOffPage),
        ([Placement(1, 60, 60), Placement(1, 90, 60)], PlacementOverlaps),
        ([Straddle(), Placement(1, 180, 148)], PlacementOverlaps),
        ([Straddle(y_mm=10)], PlacementOffPage),
    ],
)
def test_places_that_cannot_be_are_refused(wanted: list[WantedPlace], error: type[Exception]) -> None:
    with pytest.raises(error):
        spots([PAGE, PAGE], wanted, (42, 42), {})


def test_a_seal_at_words_near_the_edge_is_moved_onto_the_page() -> None:
    over = at_words([PAGE], 1, (0.9, 0.95, 0.99, 0.97), (42, 42), after=False)
    assert (over.x_mm, over.y_mm) == (189, 276)
    after = at_words([PAGE], 1, (0.1, 0.5, 0.2, 0.52), (42, 42), after=True)
    assert after.x_mm == pytest.approx(210 * 0.2 + 21, abs=0.02)


# one use, one signature


def test_in_an_unsigned_file_one_signature_covers_every_place(stamp: Stamp) -> None:
    sealed, found = stamp.put(blank(5), [EveryPage(60, 60), Straddle(), Placement(2, 150, 200)])
    assert len(found) == 11
    assert list(pades.field_names(sealed)) == ["Seal1"]
    assert stamp.outcome(sealed) == "valid"
    assert all(red(drawn(sealed, page, 1)) > 300 for page in range(1, 6))


def test_what_was_made_ready_before_the_first_signature_is_filled_under_one(stamp: Stamp) -> None:
    pdf = reserved(contract_pdf() + b"\n", [Straddle()])
    pdf = stamp.desk.signing.add_fields(pdf, [FieldSpec("F0"), FieldSpec("F1")])
    for name, username in (("F0", "head"), ("F1", "legal")):
        pdf = stamp.desk.signing.sign(pdf, name, stamp.desk.signatory(username), reason="批准")
    only, _ = stamp.put(pdf, [Straddle()])
    assert [name for name in pades.field_names(only) if name.startswith("Seal")] == ["Seal1"]
    both, found = stamp.put(pdf, [Straddle(), Placement(2, 60, 90)])
    assert [name for name in pades.field_names(both) if name.startswith("Seal")] == ["Seal1"]
    assert len(found) == 3
    assert stamp.outcome(only) == stamp.outcome(both) == "valid"


def test_a_file_that_arrives_signed_gets_a_signature_for_each_page(stamp: Stamp) -> None:
    pdf = stamp.desk.signing.add_fields(blank(4), [FieldSpec("F0")])
    pdf = stamp.desk.signing.sign(pdf, "F0", stamp.desk.signatory("head"), reason="对方签署")
    sealed, found = stamp.put(pdf, [Straddle(Edge.LEFT)])
    assert len(found) == 4
    names = pades.field_names(sealed)
    assert [name for name, signed in names.items() if signed] == ["F0", "Seal1", "Seal2", "Seal3", "Seal4"]
    assert stamp.outcome(sealed) == "valid"


def test_a_place_beside_one_that_was_made_ready_is_refused(stamp: Stamp) -> None:
    pdf = reserved(blank(2), [Straddle()])
    pdf = stamp.desk.signing.sign(
        stamp.desk.signing.add_fields(pdf, [FieldSpec("F0")]), "F0", stamp.desk.signatory(), reason="批准"
    )
    with pytest.raises(PlacementNearReady):
        stamp.put(pdf, [Straddle(y_mm=120)])
    sealed, _ = stamp.put(pdf, [Placement(1, 60, 60)])
    assert stamp.outcome(sealed) == "valid"


@pytest.fixture(scope="module")
def straddled(stamp: Stamp) -> bytes:
    """A PDF/A of three pages with two approvals, a straddle seal and long-term evidence."""
    pdf = archival(3)
    pdf = reserved(pdf, [Straddle()])
    pdf = stamp.desk.signing.add_fields(pdf, [FieldSpec("F0"), FieldSpec("F1")])
    for name, username in (("F0", "head"), ("F1", "gm")):
        pdf = stamp.desk.signing.sign(pdf, name, stamp.desk.signatory(username), reason="批准")
    sealed, _ = stamp.put(pdf, [Straddle(), Placement(3, 60, 90)])
    return stamp.desk.signing.add_evidence(sealed)


def archival(pages: int) -> bytes:
    """A PDF/A-2b with text on each page."""
    import typst

    source = "\n#pagebreak()\n".join(f"= Page {number + 1}" for number in range(pages))
    return typst.compile(source.encode(), pdf_standards=["a-2b"], pdf_tags=False) + b"\n"


def test_every_judge_accepts_a_straddle_seal(stamp: Stamp, straddled: bytes, tmp_path: Path) -> None:
    file = tmp_path / "straddled.pdf"
    file.write_bytes(straddled)
    assert independent.pdfsig(file) == ["Signature is Valid."] * 3
    context = ValidationContext(trust_roots=[_asn1(stamp.desk.roots()[0])], allow_fetching=False)
    for signature in PdfFileReader(io.BytesIO(straddled)).embedded_regular_signatures:
        status = validate_pdf_signature(signature, context, ts_validation_context=context)
        assert status.bottom_line, status.pretty_print_details()
    for signature in independent.signatures(straddled):
        if not signature.is_timestamp:
            assert independent.openssl_accepts(signature, stamp.desk.roots()[0], tmp_path)
    assert violations(straddled) == []
    assert stamp.outcome(straddled) == "valid"


def _asn1(der: bytes) -> object:
    from asn1crypto import x509 as asn1

    return asn1.Certificate.load(der)


@pytest.mark.parametrize("edge", list(Edge))
def test_the_edges_put_side_by_side_show_the_whole_seal(stamp: Stamp, edge: Edge) -> None:
    sealed, found = stamp.put(blank(3), [Straddle(edge)])
    strips = []
    for spot in found:
        image = drawn(sealed, spot.page)
        unit = 72 / 25.4 * 2
        width, top, height = round(14 * unit), round(spot.top_mm * unit), round(42 * unit)
        left = image.width - width if edge is Edge.RIGHT else 0
        strips.append((spot.begins, image.crop((left, top, left + width, top + height))))
    whole = Image.new("RGB", (sum(strip.width for _, strip in strips), strips[0][1].height))
    x = 0
    for _, strip in sorted(strips, key=lambda pair: pair[0]):
        whole.paste(strip, (x, 0))
        x += strip.width
    single, _ = stamp.put(blank(1), [Placement(1, 60, 60)])
    unit = 72 / 25.4 * 2
    box = (
        round(39 * unit),
        round(39 * unit),
        round(39 * unit) + whole.width,
        round(39 * unit) + whole.height,
    )
    assert difference(whole, drawn(single).crop(box)) < 0.1  # the cut edges are anti-aliased twice
    assert red(whole) > 3000


# the attack


def test_an_exchanged_slice_is_found(stamp: Stamp, straddled: bytes) -> None:
    assert stamp.outcome(straddled) == "valid"
    for attack in _exchanges(straddled):
        assert stamp.outcome(attack) == "invalid"


def _exchanges(pdf: bytes) -> Iterator[bytes]:
    """Later revisions that show another slice: by appearance, by value, by both, by the shared drawing."""
    for keys in (("/AP",), ("/V",), ("/AP", "/V")):
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        field = _slice(writer)
        if "/AP" in keys:
            other = seals.draw(Face(SealKind.CONTRACT, "冒名公司", 42, 42))
            field["/AP"] = generic.DictionaryObject({pdf_name("/N"): other.add_to(writer)})
        if "/V" in keys:
            field["/V"] = generic.TextStringObject("HT-2")
        writer.update_container(field)
        yield _written(writer)
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    look = _slice(writer)["/AP"]["/N"]
    drawing = look["/Resources"]["/XObject"].raw_get("/Seal")
    stream = drawing.get_object()
    stream._data = b"q 1 0 0 rg 0 0 40 40 re f Q"
    stream._encoded_data = None
    writer.mark_update(drawing.reference)
    yield _written(writer)


def _slice(writer: IncrementalPdfFileWriter) -> generic.DictionaryObject:
    for reference in writer.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if str(field["/T"]).startswith(seal_fields.PREFIX):
            assert isinstance(field, generic.DictionaryObject)
            return field
    raise AssertionError("no slice")


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def test_slices_that_nobody_locked_or_that_a_person_filled_are_no_seal(stamp: Stamp) -> None:
    desk = stamp.desk
    pdf = reserved(blank(2), [Straddle()])
    pdf = desk.signing.sign(
        desk.signing.add_fields(pdf, [FieldSpec("F0")]), "F0", desk.signatory(), reason="批准"
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    field = _slice(writer)
    field["/V"] = generic.TextStringObject("HT-1")
    writer.update_container(field)
    assert stamp.outcome(_written(writer)) == "invalid"
    person = desk.signatory("head").key
    filled, _ = Stamp(desk, person).put(pdf, [Straddle()])
    assert stamp.outcome(filled) == "invalid"


# preview and result


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize(("crop", "unit"), [(False, 1.0), (True, 1.0), (True, 2.5)])
@pytest.mark.parametrize("drawing", [SEAL, OVAL], ids=["round", "oval"])
def test_the_preview_is_the_result(
    stamp: Stamp, turn: int, crop: bool, unit: float, drawing: Drawing
) -> None:
    pdf = blank(2, turn=turn, crop=crop, unit=unit)
    wanted: list[WantedPlace] = [Placement(1, 60.0, 70.0), Straddle(y_mm=120), EveryPage(110, 40)]
    with in_file(pdf) as path:
        foreseen = seal_fields.preview(path, drawing, wanted)
        before = path.read_bytes()
    sealed, found = stamp.put(pdf, wanted, drawing)
    assert found == foreseen
    for page in (1, 2):
        scale = 2.0 * unit
        one, other = drawn(before, page, scale), drawn(sealed, page, scale)
        assert red(other) > 1000
        assert difference(one, other) < 0.001
    width, height = drawing.size_mm
    first = next(spot for spot in found if not spot.is_slice and spot.page == 1 and spot.top_mm > 40)
    assert (first.left_mm, first.top_mm) == pytest.approx((60 - width / 2, 70 - height / 2))
    _check_bounds(drawn(sealed, 1, 2.0 * unit), (60 - width / 2, 70 - height / 2, width, height))


def _check_bounds(image: Image.Image, area: tuple[float, float, float, float]) -> None:
    """What is red about an area (left, top, width, height in mm) fills just that area."""
    unit = 72 / 25.4 * 2
    air = 3.0
    box = [(area[0] - air) * unit, (area[1] - air) * unit]
    box += [(area[0] + area[2] + air) * unit, (area[1] + area[3] + air) * unit]
    cut = image.crop(tuple(round(edge) for edge in box))
    mask = cut.split()[1].point(lambda value: 255 if value < 150 else 0)
    left, top, right, bottom = mask.getbbox()
    assert (left / unit, top / unit) == pytest.approx((air, air), abs=0.35)
    assert ((right - left) / unit, (bottom - top) / unit) == pytest.approx(area[2:], abs=0.5)


def test_poppler_draws_it_as_pdfium_does(straddled: bytes, tmp_path: Path) -> None:
    import shutil
    import subprocess

    if shutil.which("pdftoppm") is None:
        pytest.skip("poppler is not on this machine")
    (tmp_path / "in.pdf").write_bytes(straddled)
    subprocess.run(
        ["pdftoppm", "-r", "144", "-png", str(tmp_path / "in.pdf"), str(tmp_path / "page")], check=True
    )
    for number in (1, 2, 3):
        with Image.open(tmp_path / f"page-{number}.png") as image:
            theirs = image.convert("RGB")
        ours = drawn(straddled, number)
        assert red(theirs) == pytest.approx(red(ours), rel=0.1)


# anchors


def test_a_named_destination_or_an_empty_field_is_an_anchor(stamp: Stamp) -> None:
    document = pikepdf.open(io.BytesIO(blank(2)))
    page = document.pages[1]
    document.Root.Names = pikepdf.Dictionary(
        Dests=pikepdf.Dictionary(
            Names=pikepdf.Array(
                [
                    pikepdf.String("seal-a"),
                    pikepdf.Array([page.obj, pikepdf.Name.XYZ, 200, 400, 0]),
                ]
            )
        )
    )
    out = io.BytesIO()
    document.save(out)
    signing = stamp.desk.signing
    place = signing.place_at_anchor(out.getvalue(), "seal-a", (42, 42))
    assert (place.page, place.x_mm, place.y_mm) == (2, pytest.approx(70.56, 0.01), pytest.approx(141.1, 0.01))
    with pytest.raises(AnchorNotFound):
        signing.place_at_anchor(out.getvalue(), "seal-b", (42, 42))
    fields = signing.add_fields(blank(1), [FieldSpec("stamp_here", 0, (100, 100, 200, 200))])
    place = signing.place_at_anchor(fields, "stamp_here", (42, 42))
    assert (place.page, place.x_mm) == (1, pytest.approx(52.92, 0.01))
