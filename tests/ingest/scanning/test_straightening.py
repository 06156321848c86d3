"""Photos and scans are stood upright, and what stands upright is left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageDraw

from ingest.scanning.paper import find_paper
from ingest.scanning.straightening import straighten
from tests.ingest import samples
from tests.ingest.builders_photos import Photo, photographed
from tests.ingest.scanning.sheets import converted, drawn, said, sheet, stored


def pixels_of(image: Image.Image) -> np.ndarray:
    return np.asarray(cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR), dtype=np.uint8)


def test_clean_page_keeps_the_very_bytes_of_its_jpeg(tmp_path: Path) -> None:
    data = stored(sheet(), "JPEG", quality=90)
    made = converted(data, tmp_path)
    assert made.pdf is not None
    with pikepdf.open(made.pdf) as pdf:
        assert pdf.pages[0].Resources.XObject.Picture.read_raw_bytes() == data


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_page_that_lies_wrongly_is_turned_without_loss(turns: int, tmp_path: Path) -> None:
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(np.asarray(sheet()), -turns)))
    data = stored(turned, "JPEG", quality=90)
    made = converted(data, tmp_path)
    assert made.pdf is not None
    assert "HT-2026-0815" in said(made)
    shown = drawn(made.pdf)
    assert shown.shape[0] > shown.shape[1]
    assert shown[: len(shown) // 2].min() < 90 and shown[len(shown) * 2 // 3 :].min() > 200
    with pikepdf.open(made.pdf) as pdf:
        assert pdf.pages[0].Resources.XObject.Picture.read_raw_bytes() == data


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_heeded_even_when_mirrored(orientation: int, tmp_path: Path) -> None:
    """The dark half of the sample is on its left: what the page shows must be what EXIF says."""
    made = converted(samples.turned_jpeg(orientation), tmp_path)
    assert made.pdf is not None
    shown = drawn(made.pdf)
    high, wide = shown.shape
    dark_at = {
        1: (0.5, 0.2),
        2: (0.5, 0.8),
        3: (0.5, 0.8),
        4: (0.5, 0.2),
        5: (0.2, 0.5),
        6: (0.2, 0.5),
        7: (0.8, 0.5),
        8: (0.8, 0.5),
    }[orientation]
    y, x = dark_at
    assert shown[int(y * high), int(x * wide)] < 60
    assert shown[int((1 - y) * high), int((1 - x) * wide)] > 200


@pytest.mark.parametrize("angle", [-14.0, -3.0, -0.8, 0.8, 3.0, 14.0])
def test_page_that_hangs_is_made_level(angle: float) -> None:
    hanging = sheet().rotate(angle, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)
    straight = straighten(pixels_of(hanging))
    assert straight.is_reshaped and straight.turns == 0
    left = straight.matrix @ np.array([0.0, 0.0, 1.0])
    right = straight.matrix @ np.array([1000.0, 0.0, 1.0])
    turned = np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))
    assert turned == pytest.approx(angle, abs=0.35)


@pytest.mark.parametrize("background", ["wood", "cloth", "desk"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_paper_on_a_table_is_found_to_its_corners(background: str, seed: int) -> None:
    how = Photo(seed, tilt=9.0, perspective=0.05, shadow=0.3, noise=4, blur=0.6, background=background)
    data = photographed(sheet(), how)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    paper = find_paper(np.asarray(image, dtype=np.uint8))
    assert paper is not None
    flat = photographed(Image.new("RGB", sheet().size, "white"), replace(how, shadow=0, noise=0, blur=0))
    white = cv2.imdecode(np.frombuffer(flat, np.uint8), cv2.IMREAD_COLOR)
    assert white is not None
    truth = white.min(axis=2) > 215
    mask = np.zeros(truth.shape, np.uint8)
    cv2.fillPoly(mask, [paper.astype(np.int32)], 1)
    both, either = (truth & (mask > 0)).sum(), (truth | (mask > 0)).sum()
    assert both / either > 0.97


def test_frame_printed_on_a_page_is_not_taken_for_paper() -> None:
    """A form in a table: cropping to its lines would lose the title and the code above it."""
    image = sheet()
    pen = ImageDraw.Draw(image)
    pen.rectangle((90, 230, 1150, 1500), outline="black", width=6)
    assert not straighten(pixels_of(image)).is_reshaped
    pen.rectangle((90, 230, 1150, 1500), fill=(205, 222, 240))
    coloured = Image.blend(image, sheet(), 0.5)
    assert not straighten(pixels_of(coloured)).is_reshaped


def test_picture_without_text_is_left_alone(tmp_path: Path) -> None:
    for image in (
        Image.new("RGB", (900, 700), "white"),
        Image.effect_noise((900, 700), 60).convert("RGB"),
        Image.linear_gradient("L").resize((900, 700)),
        Image.new("L", (3, 3), 7),
        Image.new("RGB", (4000, 5), "white"),
    ):
        data = stored(image, "PNG")
        made = converted(data, tmp_path)
        assert made.pdf is not None and made.pages == [()]
        with pikepdf.open(made.pdf) as pdf:
            assert pdf.pages[0].Resources.XObject.Picture.Width == image.width
