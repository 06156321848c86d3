"""QR codes are found in photos and on pages, with their places."""

from __future__ import annotations

import io
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from PIL import Image

from ingest.scanning.codes import codes_of_page, codes_of_picture, turns_of_code
from tests.ingest import invoice_pdfs, samples
from tests.ingest.builders_photos import spec_of
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoices.carriers import qr_text

TEXT = "01,32,,24447458535504650686,68.48,20240415,,A1B2"


def page_with_code(
    side: int, at: tuple[int, int] = (100, 90), size: tuple[int, int] = (1700, 1200)
) -> Image.Image:
    out = io.BytesIO()
    segno.make(TEXT, error="m").save(out, kind="png", scale=8, border=2)
    code = Image.open(out).convert("L").resize((side, side))
    image = Image.new("L", size, 255)
    image.paste(code, at)
    return image


@pytest.mark.parametrize("side", [75, 110, 200, 400])
def test_code_of_any_size_is_read_in_its_place(side: int) -> None:
    found = codes_of_picture(np.asarray(page_with_code(side)), 3)
    assert [text for text, _ in found] == [TEXT]
    place = found[0][1]
    assert place.page == 3
    assert place.left == pytest.approx((100 + side * 0.05) / 1700, abs=0.01)
    assert place.bottom == pytest.approx((90 + side * 0.95) / 1200, abs=0.012)


def test_code_in_shadow_blur_and_noise_is_read() -> None:
    image = np.asarray(page_with_code(210)).astype(np.float32)
    image = cv2.GaussianBlur(image, (0, 0), 1.6) * np.linspace(0.25, 0.8, 1700)
    image += np.random.default_rng(5).normal(0, 9, image.shape)
    found = codes_of_picture(np.clip(image, 0, 255).astype(np.uint8), 1)
    assert [text for text, _ in found] == [TEXT]


@pytest.mark.parametrize("turns", range(4))
def test_code_tells_which_way_is_up(turns: int) -> None:
    lying = np.ascontiguousarray(np.rot90(np.asarray(page_with_code(200)), -turns))
    assert turns_of_code(lying) == -turns % 4


def test_picture_without_code_has_none() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (700, 900)).astype(np.uint8)
    assert codes_of_picture(noise, 1) == []
    assert turns_of_code(noise) is None


@pytest.mark.parametrize("seed", range(6))
def test_code_on_the_page_of_an_invoice_is_read_quickly(seed: int, tmp_path: Path) -> None:
    spec = spec_of(seed)
    source = tmp_path / "invoice.pdf"
    source.write_bytes(invoice_pdfs.pdf(drawings(spec), invoice_pdfs.Look()))
    started = time.process_time()
    found = codes_of_page(source, 1)
    assert time.process_time() - started < 0.5  # 11 ms on an idle machine
    assert [text for text, _ in found] == [qr_text(spec)]
    assert found[0][1].left < 0.1 and found[0][1].bottom < 0.25


def test_text_page_has_no_code(tmp_path: Path) -> None:
    source = tmp_path / "text.pdf"
    source.write_bytes(samples.typeset())
    assert codes_of_page(source, 2) == []
