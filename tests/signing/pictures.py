"""Photos and scans of seals' prints, made from drawings."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pikepdf
import pypdfium2
from PIL import Image, ImageDraw

from signing import seals
from signing.drawing import Drawing
from signing.seals import Face, SealKind

ROUND: Final = Face(SealKind.CONTRACT, "云杉测试科技有限公司", 42, 42, "3201009990002")
OVAL: Final = Face(SealKind.INVOICE, "云杉测试科技有限公司", 40, 30, None, "91320100MA1XYZ0A2B")
SQUARE: Final = Face(SealKind.LEGAL_REPRESENTATIVE, "", 18, 18, None, "王小明")


def rendered(drawing: Drawing, dpi: float) -> Image.Image:
    """A drawing on white."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(drawing.width, drawing.height))
    page.Contents = pdf.make_stream(drawing.operators)
    out = io.BytesIO()
    pdf.save(out)
    document = pypdfium2.PdfDocument(out.getvalue())
    image: Image.Image = document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    document.close()
    return image


def on_paper(
    face: Face = ROUND,
    dpi: float = 400,
    *,
    times: int = 1,
    shade: float = 0.0,
    lines: bool = False,
    noise: float = 0.0,
    seed: int = 1,
) -> Image.Image:
    """Prints side by side on paper: ``shade`` darkens it to the right and below (0 to 1) under yellowish
    light, ``lines`` of black text stand above and below, ``noise`` is the sensor's."""
    print_ = np.asarray(rendered(seals.draw(face), dpi)).astype(np.float32) / 255
    high, wide = print_.shape[:2]
    paper = Image.new("RGB", (int(wide * (0.6 + 1.2 * times)), int(high * 1.9)), "white")
    if lines:
        draw = ImageDraw.Draw(paper)
        for top in (0.1, 0.2, 1.65, 1.75):
            draw.rectangle((wide * 0.1, high * top, wide * 1.4, high * top + 8), fill=(30, 30, 40))
    light = np.asarray(paper).astype(np.float32) / 255
    for number in range(times):
        left, top = int(wide * (0.3 + 1.2 * number)), int(high * 0.45)
        light[top : top + high, left : left + wide] *= print_
    across = np.linspace(1, 1 - shade, light.shape[1])[None, :, None]
    down = np.linspace(1, 1 - shade / 2, light.shape[0])[:, None, None]
    light = light * across * down * (np.array([1, 0.96, 0.88]) if shade else 1)
    if noise:
        light += np.random.default_rng(seed).normal(0, noise, light.shape)
    return Image.fromarray((np.clip(light, 0, 1) * 255).astype(np.uint8))


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    """A picture file."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()
