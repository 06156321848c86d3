"""What the tests of scanning photograph and scan."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFont

from core import fonts
from ingest.conversion import Converted
from ingest.scanning import convert

LINES = (
    "云杉测试科技有限公司会议纪要",
    "时间 2026年3月5日 地点 第三会议室",
    "采购合同编号 HT-2026-0815",
    "合同总金额为人民币壹万贰仟元整",
    "甲方代表李雷 乙方代表赵敏",
)


def sheet(size: tuple[int, int] = (1240, 1754), lines: tuple[str, ...] = LINES) -> Image.Image:
    """A page of Chinese text, black on white, 150 dpi on A4."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    face = ImageFont.truetype(str(fonts.path(fonts.SANS)), 38)
    for at, line in enumerate(lines):
        pen.text((120, 150 + at * 130), line, fill="black", font=face)
    return image


def stored(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def converted(data: bytes, folder: Path, name: str = "source") -> Converted:
    source = folder / name
    source.write_bytes(data)
    return convert(source, folder)


def drawn(pdf: Path, page: int = 0, width: int = 1000) -> np.ndarray:
    """A page as grey pixels."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        shown = document[page]
        return np.asarray(shown.render(scale=width / shown.get_width()).to_pil().convert("L"))
    finally:
        document.close()


def said(made: Converted, page: int = 0) -> str:
    """What was recognised on a page, without spaces."""
    assert made.pages is not None
    return "".join(word.text for word in made.pages[page]).replace(" ", "")
