"""Prints of seals out of photos and scans: the paper goes, the red stays, and what was seen is sealed."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pikepdf
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.models import LegalEntity
from signing import print_taking, prints, seal_fields, seals
from signing.drawing import Drawing, shown
from signing.fields import Placement, Straddle, WantedPlace
from signing.models import SealScan
from signing.print_errors import PrintMissing, PrintOutOfShape, PrintTooCoarse, SeveralPrints
from signing.seal_facts import SealFacts, faced
from signing.seals import Face
from tests.signing.conftest import Desk
from tests.signing.pictures import OVAL, ROUND, SQUARE, encoded, on_paper, rendered
from tests.signing.test_placing import Stamp, archival, difference, drawn, in_file, red, reserved, stamp
from tests.verapdf import violations

assert stamp  # the fixture of placing
DIGEST = "a" * 64


def taken(image: Image.Image) -> prints.Print:
    return print_taking.take(encoded(image))


def alpha(png: bytes, size: tuple[int, int] | None = None) -> np.ndarray:
    """The opacity, 0 to 1."""
    with Image.open(io.BytesIO(png)) as opened:
        channel = opened.getchannel("A").resize(size or opened.size, Image.Resampling.BOX)
    return np.asarray(channel).astype(np.float32) / 255


def ink(face: Face, size: tuple[int, int]) -> np.ndarray:
    """Where the drawing has ink, as a share of each pixel."""
    drawing = seals.draw(face)
    clear = rendered(drawing, 600).getchannel("G").resize(size, Image.Resampling.BOX)
    return 1 - np.asarray(clear).astype(np.float32) / 255


@given(
    face=st.sampled_from([ROUND, OVAL, SQUARE]),
    shade=st.floats(0, 0.45),
    noise=st.floats(0, 0.02),
    lines=st.booleans(),
    quality=st.integers(70, 95),
)
@settings(max_examples=6, phases=(Phase.explicit, Phase.generate))  # a photo is not shrunk
def test_in_any_light_what_is_taken_is_the_ink_and_nothing_else(
    face: Face, shade: float, noise: float, lines: bool, quality: int
) -> None:
    photo = on_paper(face, 260, shade=shade, noise=noise, lines=lines)
    with Image.open(io.BytesIO(encoded(photo, "JPEG", quality=quality))) as opened:
        found = taken(opened)
    wanted = ink(face, (found.width, found.height))
    assert found.height / found.width == pytest.approx(face.height_mm / face.width_mm, rel=0.03)
    assert np.abs(alpha(found.png) - wanted).mean() < 0.05
    with Image.open(io.BytesIO(found.png)) as opened:
        (_, colour), *others = opened.convert("RGB").getcolors()
    assert others == []  # one ink; its thickness is in the opacity
    reds, greens, blues = colour
    assert reds > 150 and greens < 80 and blues < 100


def test_text_and_blue_ink_under_the_print_go_and_the_paper_is_clear() -> None:
    page = on_paper(ROUND, 300)
    pixels = np.asarray(page).copy()
    middle = page.height // 2
    pixels[middle : middle + 12] = np.minimum(pixels[middle : middle + 12], (40, 40, 45))
    pixels[middle + 60 : middle + 72] = np.minimum(pixels[middle + 60 : middle + 72], (60, 80, 190))
    found = taken(Image.fromarray(pixels))
    opacity = alpha(found.png)
    assert found.width == pytest.approx(found.height, rel=0.02)
    assert (opacity < 0.02).mean() > 0.6
    with Image.open(io.BytesIO(found.png)) as opened:
        assert opened.getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_specks_and_a_red_line_at_the_rim_do_not_belong_to_the_print() -> None:
    page = on_paper(ROUND, 300)
    for left, top, size in ((5, 5, 6), (page.width - 30, 40, 4), (20, page.height - 20, 9)):
        page.paste((200, 20, 30), (left, top, left + size, top + size))
    clean = taken(on_paper(ROUND, 300))
    found = taken(page)
    assert (found.width, found.height) == pytest.approx((clean.width, clean.height), abs=2)


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (Image.new("RGB", (400, 300), "white"), PrintMissing),
        (Image.new("RGB", (400, 300), (200, 20, 30)), PrintMissing),
        (Image.new("RGB", (1, 1), "white"), PrintMissing),
        (on_paper(ROUND, 150).convert("L").convert("RGB"), PrintMissing),
        (on_paper(ROUND, 120, times=2), SeveralPrints),
    ],
    ids=["blank", "all red", "one pixel", "a black copy", "two"],
)
def test_what_is_no_single_red_print_is_refused(picture: Image.Image, error: type[Exception]) -> None:
    with pytest.raises(error):
        taken(picture)


@given(st.binary(max_size=40), st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=60)
def test_any_picture_gives_a_print_or_a_reason(pixels: bytes, width: int, height: int) -> None:
    data = (pixels * (width * height * 3 // max(len(pixels), 1) + 1))[: width * height * 3]
    image = Image.frombytes("RGB", (width, height), data.ljust(width * height * 3, b"\xff"))
    try:
        found = taken(image)
    except (PrintMissing, SeveralPrints):
        return
    assert 1 <= found.width <= width and 1 <= found.height <= height


def test_a_large_print_is_kept_in_at_most_so_many_pixels() -> None:
    found = taken(on_paper(SQUARE, 2000))
    assert max(found.width, found.height) == prints.MOST_SIDE


# size and resolution


@pytest.fixture(scope="module")
def facts(shared_desk: Desk) -> SealFacts:
    """Facts of a seal with a print of 600 by 590 pixels."""
    desk = shared_desk
    with desk.runtime.database.write() as session:
        made_by, now = desk.company.people["admin"], desk.now()
        for digest, width, height in ((DIGEST, 600, 590), ("b" * 64, 900, 450)):
            session.add(
                SealScan(
                    id=new_id(), digest=digest, original_digest=digest, width=width, height=height,
                    made_by=made_by, made_at=now,
                )
            )  # fmt: skip
        assert session.get(LegalEntity, desk.company.entity_id)
    keeper = desk.company.people["keeper"]
    return SealFacts(desk.company.entity_id, "章", "official", keeper, picture_digest=DIGEST)


def faced_(desk: Desk, facts: SealFacts) -> SealFacts:
    with desk.runtime.database.read() as session:
        return faced(session, facts)


def test_a_print_takes_the_usual_size_or_its_own_shape(shared_desk: Desk, facts: SealFacts) -> None:
    usual = faced_(shared_desk, facts)
    assert (usual.width_mm, usual.height_mm) == (42.0, 42.0)
    wide = replace(facts, kind="free", picture_digest="b" * 64, width_mm=40.0)
    own = faced_(shared_desk, wide)
    assert (own.width_mm, own.height_mm) == (40.0, 20.0)
    assert faced_(shared_desk, replace(facts, inscription="x")).inscription is None


def test_a_print_that_is_too_coarse_or_of_another_shape_is_refused(
    shared_desk: Desk, facts: SealFacts
) -> None:
    with pytest.raises(PrintTooCoarse) as coarse:
        faced_(shared_desk, replace(facts, width_mm=58.0))
    context = coarse.value.context
    assert (context["found"], context["needed"], context["wanted"]) == (258, 300, 686)
    for changed in ({"height_mm": 30.0}, {"picture_digest": "b" * 64}, {"kind": "invoice"}):
        with pytest.raises(PrintOutOfShape):
            faced_(shared_desk, replace(facts, **changed))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        faced_(shared_desk, replace(facts, width_mm=61.0))
    with pytest.raises(NotFound):
        faced_(shared_desk, replace(facts, picture_digest="c" * 64))


@given(st.integers(50, 1200), st.floats(10, 60))
def test_the_resolution_is_pixels_to_the_inch(pixels: int, length: float) -> None:
    found = prints.dots_per_inch((pixels, pixels * 2), (length, length))
    assert found == pytest.approx(pixels * 25.4 / length)


# in a file


def printed() -> Drawing:
    return shown(prints.picture(taken(on_paper(ROUND, 330)).png), (42, 42))


def test_a_seal_from_a_scan_is_its_preview_and_the_file_stays_archival(stamp: Stamp) -> None:
    drawing, wanted = printed(), list[WantedPlace]([Straddle(), Placement(2, 60, 90)])
    pdf = reserved(archival(2), wanted)
    with in_file(pdf) as path:
        seal_fields.preview(path, drawing, wanted)
        before = path.read_bytes()
    sealed, _ = stamp.put(pdf, wanted, drawing)
    for page in (1, 2):
        one, other = drawn(before, page), drawn(sealed, page)
        assert red(other) > 500
        assert difference(one, other) < 0.001
    lasting = stamp.desk.signing.add_evidence(sealed)
    assert stamp.outcome(lasting) == "valid"
    assert violations(lasting) == []
    with pikepdf.open(io.BytesIO(lasting)) as opened:
        images = [one for one in opened.objects if isinstance(one, pikepdf.Stream)]
        images = [one for one in images if one.get("/Subtype") == "/Image"]
        assert sorted("/SMask" in one for one in images) == [False, True]  # once, however often it is shown


@pytest.mark.parametrize("turn", [0, 90])
def test_text_below_a_seal_from_a_scan_can_be_read(stamp: Stamp, turn: int) -> None:
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(600, 800))
    page.Rotate = turn
    page.Contents = document.make_stream(b"0 g 0 395 600 10 re f 295 0 10 800 re f")
    out = io.BytesIO()
    document.save(out)
    middle = (133.4, 105.8) if turn else (105.8, 141.1)
    sealed, _ = stamp.put(out.getvalue(), [Placement(1, middle[0], middle[1] - 12)], printed())
    pixels = np.asarray(drawn(sealed))
    assert red(drawn(sealed)) > 1000
    across = pixels[pixels.shape[0] // 2].astype(int)
    assert (across.sum(axis=1) < 120).mean() > 0.9  # the line is there still, with the star's arm above it
