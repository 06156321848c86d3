"""Recognised words lie invisibly over the page, where they are seen, in files that stay PDF/A."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pikepdf
import pypdf
import pypdfium2
import pytest
from PIL import Image

from ingest.pdf_words import words
from ingest.scanning.pages import add_text, recognise
from ingest.words import Place, Word
from tests.ingest import samples
from tests.ingest.scanning.sheets import LINES, converted, drawn, said, sheet, stored
from tests.verapdf import violations

SPOKEN = (
    Word("发票号码：", Place(1, 0.10, 0.20, 0.25, 0.225)),
    Word("24312000000012345678", Place(1, 0.30, 0.20, 0.60, 0.225)),
    Word("𠮷野家 (éß) ¥1,234.50", Place(1, 0.10, 0.50, 0.45, 0.53)),
    Word("购买方", Place(1, 0.02, 0.60, 0.045, 0.70)),
)


def scan(rotate: int = 0, box: tuple[float, float, float, float] = (0, 0, 595, 842)) -> bytes:
    """A PDF of a scanned page: a picture and nothing else, shown upright whatever ``/Rotate`` says."""
    document = pikepdf.new()
    left, bottom, right, top = box
    page = document.add_blank_page(page_size=(595, 842))
    page.MediaBox = [left - 20, bottom - 30, right + 20, top + 30]
    page.CropBox = list(box)
    page.Rotate = rotate
    shown = sheet((1240, 1754)) if rotate % 180 == 0 else sheet((1754, 1240))
    image = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(shown.convert("L")), rotate // 90)))
    picture = pikepdf.Stream(
        document,
        image.tobytes(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=image.width,
        Height=image.height,
        BitsPerComponent=8,
        ColorSpace=pikepdf.Name.DeviceGray,
    )
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im=picture))
    page.Contents = document.make_stream(
        f"{right - left} 0 0 {top - bottom} {left} {bottom} cm /Im Do".encode()  # leaves its matrix behind
    )
    return samples.saved(document)


def test_words_of_a_picture_are_found_in_its_pdf_where_they_stand(tmp_path: Path) -> None:
    made = converted(stored(sheet(), "PNG"), tmp_path)
    assert made.pdf is not None and made.pages is not None
    found = "".join(word.text for word in words(made.pdf)[0]).replace(" ", "")
    assert found == said(made) == "".join(LINES).replace(" ", "")
    ink = drawn(made.pdf) < 128
    high, wide = ink.shape
    covered = np.zeros_like(ink)
    for word in words(made.pdf)[0]:
        place = word.place
        box = np.s_[
            int(place.top * high) : int(place.bottom * high) + 1,
            int(place.left * wide) : int(place.right * wide) + 1,
        ]
        assert ink[box].any(), word
        covered[box] = True
    assert (ink & covered).sum() > 0.97 * ink.sum()


def test_both_readers_give_the_text_in_unicode(tmp_path: Path) -> None:
    made = converted(stored(sheet(), "PNG"), tmp_path)
    assert made.pdf is not None
    by_pypdf = pypdf.PdfReader(made.pdf).pages[0].extract_text().replace(" ", "").replace("\n", "")
    assert by_pypdf == "".join(LINES).replace(" ", "")
    assert violations(made.pdf) == []


def test_text_is_invisible(tmp_path: Path) -> None:
    source, target = tmp_path / "plain.pdf", tmp_path / "searchable.pdf"
    source.write_bytes(samples.saved(samples.plain()))
    add_text(source, target, {1: SPOKEN})
    assert drawn(target).min() == 255


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("box", [(0, 0, 595, 842), (100, -50, 695, 792)])
def test_added_text_stands_where_it_is_seen_on_turned_and_moved_pages(
    rotate: int, box: tuple[float, float, float, float], tmp_path: Path
) -> None:
    source, target = tmp_path / "scan.pdf", tmp_path / "searchable.pdf"
    source.write_bytes(scan(rotate, box))
    add_text(source, target, {1: SPOKEN})
    found = {word.text: word.place for word in words(target)[0]}
    for word in SPOKEN[:2]:
        place = found[word.text]
        for side in ("left", "top", "right", "bottom"):
            assert getattr(place, side) == pytest.approx(getattr(word.place, side), abs=0.012), word
    text = "".join(found).replace(" ", "")
    assert "𠮷野家(éß)¥1,234.50" in text
    assert "购" in text and "方" in text
    assert np.abs(drawn(source).astype(int) - drawn(target).astype(int)).max() < 3


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_scanned_pages_are_recognised_as_they_are_shown(rotate: int, tmp_path: Path) -> None:
    source, target = tmp_path / "scan.pdf", tmp_path / "searchable.pdf"
    source.write_bytes(scan(rotate))
    pages = recognise(source, [1])
    assert "".join(word.text for word in pages[1]).replace(" ", "") == "".join(LINES).replace(" ", "")
    first = pages[1][0]
    assert first.place.top < 0.2 and first.place.left < 0.2 and first.place.page == 1
    add_text(source, target, pages)
    assert "HT-2026-0815" in "".join(word.text for word in words(target)[0])


def test_page_scanned_upside_down_is_read_and_its_places_are_those_of_the_page(tmp_path: Path) -> None:
    upside_down = sheet().transpose(Image.Transpose.ROTATE_180)
    source = tmp_path / "scan.pdf"
    upside_down.save(source, "PDF", resolution=150)
    page = recognise(source, [1])[1]
    found = next(word for word in page if "HT-2026-0815" in word.text)
    high, wide = 1754, 1240
    assert found.place.middle == pytest.approx(1 - (150 + 2 * 130 + 25) / high, abs=0.01)
    assert found.place.right == pytest.approx(1 - 380 / wide, abs=0.25)


def test_pages_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    source.write_bytes(scan())
    assert recognise(source, [7]) == {}


def test_resources_shared_with_other_pages_stay_as_they_are(tmp_path: Path) -> None:
    document = samples.plain(2)
    shared = document.make_indirect(pikepdf.Dictionary(Font=pikepdf.Dictionary()))
    del document.pages[0].obj["/Resources"]
    document.pages[1].Resources = shared
    document.Root.Pages.Resources = shared
    source, target = tmp_path / "shared.pdf", tmp_path / "searchable.pdf"
    source.write_bytes(samples.saved(document))
    add_text(source, target, {1: SPOKEN})
    with pikepdf.open(target) as pdf:
        assert list(pdf.pages[1].Resources.Font.keys()) == []
        assert len(pdf.pages[0].Resources.Font.keys()) == 1


def test_selection_in_a_viewer_hits_the_letters(tmp_path: Path) -> None:
    source, target = tmp_path / "plain.pdf", tmp_path / "searchable.pdf"
    source.write_bytes(samples.saved(samples.plain()))
    add_text(source, target, {1: SPOKEN})
    document = pypdfium2.PdfDocument(target)
    text = document[0].get_textpage()
    wide, high = document[0].get_size()
    picked = text.get_text_bounded(0.29 * wide, (1 - 0.23) * high, 0.61 * wide, (1 - 0.195) * high)
    assert picked.strip() == "24312000000012345678"
    text.close()
    document.close()
