"""Invoices as phones photograph them: at an angle, turned, in bad light, blurred, noisy, as poor JPEG."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from tests.ingest import invoice_pdfs
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoices.builder import InvoiceSpec, Kind

KINDS = (
    Kind.DIGITAL,
    Kind.DIGITAL_SPECIAL,
    Kind.ELECTRONIC,
    Kind.ELECTRONIC_SPECIAL,
    Kind.PAPER,
    Kind.PAPER_SPECIAL,
)


@dataclass(frozen=True)
class Photo:
    """How an invoice was photographed: degrees clockwise, ``noise`` in levels, ``blur`` in pixels."""

    seed: int
    tilt: float = 0.0
    quarter_turns: int = 0
    perspective: float = 0.0
    """How far the corners move, as a share of the picture."""
    shadow: float = 0.0
    noise: float = 0.0
    blur: float = 0.0
    quality: int = 60
    exif: int = 1
    """The orientation in the EXIF data; the pixels are stored so that it is right."""
    background: str = "wood"
    """``wood``, ``cloth``, ``desk`` or ``none``: the paper fills the picture."""

    @classmethod
    def random(cls, seed: int) -> Photo:
        draw = random.Random(seed * 7919 + 1)
        return cls(
            seed=seed,
            tilt=draw.uniform(-15, 15),
            quarter_turns=draw.choice((0, 0, 0, 1, 2, 3)),
            perspective=draw.uniform(0, 0.07),
            shadow=draw.uniform(0, 0.5),
            noise=draw.uniform(0, 8),
            blur=draw.uniform(0, 1.1),
            exif=draw.choice((1, 1, 6, 3, 8)),
            background=draw.choice(("wood", "cloth", "desk", "none")),
        )


def spec_of(seed: int) -> InvoiceSpec:
    """The invoice of a photo: of goods, on one page."""
    kind = KINDS[seed % len(KINDS)]
    return InvoiceSpec.random(seed + 5000, kind, red=False, lines=1 + seed % 4)


@lru_cache(maxsize=8)
def rendered(seed: int, width: int = 2400) -> Image.Image:
    """The invoice of a photo, flat and clean."""
    data = invoice_pdfs.pdf(drawings(spec_of(seed)), invoice_pdfs.Look())
    document = pypdfium2.PdfDocument(data)
    page = document[0]
    image = page.render(scale=width / page.get_width()).to_pil().convert("RGB")
    page.close()
    document.close()
    return image


def photographed(sheet: Image.Image, how: Photo) -> bytes:
    """A JPEG of the sheet as the photo shows it."""
    draw = np.random.default_rng(how.seed)
    paper = cv2.cvtColor(np.asarray(sheet), cv2.COLOR_RGB2BGR)
    paper = np.clip(paper.astype(np.float32) * (0.97, 0.98, 1.0) - 6, 0, 255).astype(np.uint8)
    high, wide = paper.shape[:2]
    margin = 0.0 if how.background == "none" else draw.uniform(0.06, 0.16)
    angle = np.radians(how.tilt if margin else how.tilt / 3)
    cos, sin = np.cos(angle), np.sin(angle)
    corners = np.array([[-wide, -high], [wide, -high], [wide, high], [-wide, high]]) / 2
    moved = corners @ np.array([[cos, sin], [-sin, cos]])
    moved += draw.uniform(-1, 1, (4, 2)) * how.perspective * (wide, high)
    frame = (moved.max(axis=0) - moved.min(axis=0)) * (1 + 2 * margin)
    size = tuple(int(side) for side in frame)
    target = (moved - moved.min(axis=0) + (moved.max(axis=0) - moved.min(axis=0)) * margin).astype(np.float32)
    matrix = cv2.getPerspectiveTransform((corners + np.array([wide, high]) / 2).astype(np.float32), target)
    ground = _background(how.background, size, draw)
    picture = cv2.warpPerspective(
        paper, matrix, size, dst=ground, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_TRANSPARENT
    )
    scale = 2600 / max(size)
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.rot90(picture, -how.quarter_turns)
    image = Image.fromarray(cv2.cvtColor(_lit(picture, how, draw), cv2.COLOR_BGR2RGB))
    return _saved(image, how)


def _background(kind: str, size: tuple[int, ...], draw: np.random.Generator) -> np.ndarray:
    wide, high = size
    if kind == "none":
        return np.full((high, wide, 3), 236, np.uint8)
    coarse = draw.normal(0, 1, (high // 8 + 1, wide // 8 + 1)).astype(np.float32)
    if kind == "wood":
        grain = cv2.GaussianBlur(coarse, (0, 0), sigmaX=20, sigmaY=0.8)
        base = np.array([60, 95, 140])
        texture = cv2.resize(grain / grain.std(), (wide, high)) * 14
    elif kind == "cloth":
        rows, columns = np.mgrid[0:high, 0:wide]
        texture = (((rows // 24) + (columns // 24)) % 2 * 40.0 - 20).astype(np.float32)
        base = np.array([110, 70, 60])
    else:
        soft = cv2.GaussianBlur(coarse, (0, 0), 6)
        base = np.array([150, 152, 155])
        texture = cv2.resize(soft / soft.std(), (wide, high)) * 5
    return np.clip(base + texture[..., None], 0, 255).astype(np.uint8)


def _lit(picture: np.ndarray, how: Photo, draw: np.random.Generator) -> np.ndarray:
    """With a shadow that grows to one side, blur and noise."""
    high, wide = picture.shape[:2]
    way = draw.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[0:high, 0:wide].astype(np.float32)
    across = (columns / wide - 0.5) * np.cos(way) + (rows / high - 0.5) * np.sin(way) + 0.5
    light = 1 - how.shadow * np.clip(across, 0, 1)
    lit = picture.astype(np.float32) * light[..., None]
    if how.blur > 0.05:
        lit = cv2.GaussianBlur(lit, (0, 0), how.blur)
    if how.noise:
        lit += draw.normal(0, how.noise, lit.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _saved(image: Image.Image, how: Photo) -> bytes:
    """Stored turned back, so that a reader who heeds the EXIF data sees the picture as it was."""
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    if how.exif in back:
        image = image.transpose(back[how.exif])
    exif = Image.Exif()
    exif[0x0112] = how.exif
    out = io.BytesIO()
    image.save(out, "JPEG", quality=how.quality, exif=exif.tobytes())
    return out.getvalue()


def photo(seed: int) -> bytes:
    """The photo with this number, of the invoice ``spec_of(seed)``."""
    return photographed(rendered(seed), Photo.random(seed))
