"""The pictures of seals on the pages they stand on."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageDraw

from ingest.ofd.seal_pictures import picture_in
from tests import verapdf
from tests.ingest.ofd import builder, seals
from tests.ingest.ofd.builder import Maker, PageSpec, zipped
from tests.ingest.ofd.test_drawing import at, made, near, seen, text_of

_RED = (220, 0, 0)


def ring(form: str = "PNG") -> bytes:
    """A red disc: on nothing as PNG, on white as JPEG."""
    image = Image.new("RGBA", (120, 120), (255, 255, 255, 0) if form == "PNG" else (255, 255, 255, 255))
    ImageDraw.Draw(image).ellipse((10, 10, 110, 110), fill=(*_RED, 255))
    out = io.BytesIO()
    (image if form == "PNG" else image.convert("RGB")).save(out, form)
    return out.getvalue()


def paper() -> dict[str, bytes]:
    maker = Maker()
    grey = maker.path(
        (0, 0, 210, 100),
        "M 0 0 L 210 0 L 210 100 L 0 100 C",
        'Fill="true" Stroke="false"',
        '<ofd:FillColor Value="0 255 255"/>',
    )
    maker.pages = [PageSpec(body=[grey]), PageSpec()]
    return maker.parts()


def test_a_seal_stands_where_its_stamps_say(tmp_path: Path) -> None:
    value = seals.signed_value(seals.seal(ring()))
    parts = seals.stamped(paper(), [(1, (20, 120, 40, 40), None), (2, (100, 20, 40, 40), None)], value=value)
    converted = made(zipped(parts), tmp_path)
    assert near(at(seen(converted), 40, 140), _RED) and near(at(seen(converted, 1), 120, 40), _RED)
    assert near(at(seen(converted), 120, 140), (255, 255, 255))
    assert converted.findings == []
    assert converted.pdf is not None and verapdf.violations(converted.pdf) == []
    with pikepdf.open(converted.pdf) as pdf:  # one picture for both places
        images = [name for page in pdf.pages for name in page.Resources.XObject]
        assert len(images) == 2 and len(set(images)) == 1


def test_the_white_of_a_seal_does_not_hide_what_it_stands_on(tmp_path: Path) -> None:
    value = seals.signed_value(seals.seal(ring("JPEG"), "jpg"))
    parts = seals.stamped(paper(), [(1, (20, 20, 40, 40), None)], value=value)
    shown = seen(made(zipped(parts), tmp_path))
    assert near(at(shown, 21, 21), (0, 255, 255))
    assert at(shown, 40, 40)[0] < 40  # red ink on cyan paper


def test_a_straddle_seal_is_cut_by_its_clip(tmp_path: Path) -> None:
    value = seals.signed_value(seals.seal(ring()))
    places = [
        (1, (190.0, 120.0, 40.0, 40.0), (0.0, 0.0, 20.0, 40.0)),
        (2, (-20.0, 120.0, 40.0, 40.0), (20.0, 0.0, 20.0, 40.0)),
    ]
    converted = made(zipped(seals.stamped(paper(), places, value=value)), tmp_path)
    assert near(at(seen(converted), 200, 140), _RED)
    assert near(at(seen(converted, 1), 10, 140), _RED)


def test_the_seal_beside_the_signed_value_serves_when_that_has_none(tmp_path: Path) -> None:
    parts = seals.stamped(paper(), [(1, (20, 120, 40, 40), None)], value=b"\x30\x00", esl=seals.seal(ring()))
    assert near(at(seen(made(zipped(parts), tmp_path)), 40, 140), _RED)


def test_a_seal_that_is_an_ofd_is_drawn_as_vectors(tmp_path: Path) -> None:
    inner = Maker()
    disc = inner.path(
        (0, 0, 40, 40),
        "M 20 0 A 20 20 0 0 1 20 40 A 20 20 0 0 1 20 0 C",
        'Fill="true" Stroke="false"',
        '<ofd:FillColor Value="220 0 0"/>',
    )
    inner.pages.append(PageSpec(width=40, height=40, body=[disc, inner.text(5, 30, "印章文字", 4)]))
    value = seals.signed_value(seals.seal(inner.bytes(), "ofd"))
    parts = seals.stamped(paper(), [(1, (20, 120, 80, 80), None)], value=value)
    converted = made(zipped(parts), tmp_path)
    assert near(at(seen(converted), 60, 140), _RED) and "印章文字" in text_of(converted)
    assert converted.pdf is not None and verapdf.violations(converted.pdf) == []


@pytest.mark.parametrize("picture", [b"no picture at all", b"PK\x03\x04 no package", b"<svg/>      "])
def test_a_seal_whose_picture_cannot_be_drawn_is_named(picture: bytes, tmp_path: Path) -> None:
    value = seals.signed_value(seals.seal(picture))
    parts = seals.stamped(paper(), [(2, (20, 120, 40, 40), None)], value=value)
    assert made(zipped(parts), tmp_path).findings == [{"code": "page-incomplete", "page": 2}]


def test_pictures_are_found_in_seals_that_are_otherwise_odd() -> None:
    whole = seals.seal(ring(), "PNG")
    found = picture_in(whole)
    assert found is not None and found.kind == "png" and found.data == ring()
    assert picture_in(seals.tlv(0x30, seals.tlv(0x31, whole), seals.integer(7))) == found
    for broken in (b"", whole[:-5], whole[10:], b"\x30\x80", bytes(50)):
        assert picture_in(broken) is None


def test_a_signature_without_a_seal_changes_nothing(tmp_path: Path) -> None:
    parts = seals.stamped(paper(), [], value=b"")
    assert made(builder.zipped(parts), tmp_path).findings == []
