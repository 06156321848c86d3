"""Reading pictures: judged before they are decoded, then stood upright and brought to sRGB.

Every picture file is a row of frames: a TIFF has one for each page, everything else gives its first.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pillow_heif
from PIL import (
    AvifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from ingest.errors import FileBroken, FileTruncated, ImageTooLarge, TooManyPages

MOST_MEGAPIXELS: Final = 120
"""Of one frame, and of all frames that are held at a time."""
MOST_FRAMES: Final = 300
"""Pages of a TIFF."""
WORKING_SIDE: Final = 4000
"""Pixels of the longer side of what is straightened and recognised: 340 dpi on A4."""
ORIENTATION: Final = 0x0112
"""The TIFF and EXIF tag of the orientation, 1 to 8 (TIFF 6, tag 274)."""

Image.MAX_IMAGE_PIXELS = None  # our own limit speaks before anything is decoded
ImageFile.LOAD_TRUNCATED_IMAGES = False
# The worker may not start threads (its limit on processes counts them).
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, aux_images=False, depth_images=False)

_READERS: Final = (JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
"""Importing them registers the formats below; all others stay unknown."""
_FORMATS: Final = ("JPEG", "PNG", "TIFF", "HEIF", "AVIF", "WEBP")
_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    ArithmeticError,
    RuntimeError,
    EOFError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers raise for files that are broken in one way or another."""
_TRANSPOSED: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def opened(source: Path) -> Iterator[Image.Image]:
    """The picture, not decoded yet. Raises FileBroken, FileTruncated, ImageTooLarge."""
    if _is_cut(source):
        raise FileTruncated()
    with _refusing(source):
        image = Image.open(source, formats=_FORMATS)
    with image:
        require_size(image)
        yield image


def frames(image: Image.Image) -> Iterator[Image.Image]:
    """The frames one after the other, decoded; each is valid until the next is asked for.

    Raises FileBroken, FileTruncated, ImageTooLarge, TooManyPages.
    """
    count = 0
    while count == 0 or image.format == "TIFF":
        if count:
            with _refusing():
                if not _has_frame(image, count):
                    return
        if count == MOST_FRAMES:
            raise TooManyPages(pages=count + 1, limit=MOST_FRAMES)
        require_size(image)
        with _refusing():
            image.load()
        count += 1
        yield image


def _has_frame(image: Image.Image, number: int) -> bool:
    """Go on to a frame (from 0); whether there is one."""
    try:
        image.seek(number)
    except EOFError:
        return False
    return True


def require_size(image: Image.Image) -> None:
    """Refuse a frame by its header. Raises ImageTooLarge."""
    width, height = image.size
    if width < 1 or height < 1:
        raise FileBroken(reason="no pixels")
    if width * height > MOST_MEGAPIXELS * 1_000_000:
        raise ImageTooLarge(width=width, height=height, limit=MOST_MEGAPIXELS)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; a note that cannot be read is no reason to refuse a photo.

    HEIC turns its pixels itself (ISO 23008-12), and its reader has done so.
    """
    if image.format in ("HEIF", "AVIF"):
        return 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # EXIF is a small file system of its own; its reader raises of every kind
        return 1
    return value if value in range(1, 9) else 1


def profile(image: Image.Image) -> bytes | None:
    """The ICC profile of the picture's colours, where it is one, fits and is not plain sRGB."""
    data = image.info.get("icc_profile")
    if not isinstance(data, bytes) or len(data) < 132 or data[36:40] != b"acsp":
        return None
    space = {"RGB": b"RGB ", "RGBA": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK"}.get(image.mode)
    if (
        data[16:20] != space
        or not 2 <= data[8] <= 4
        or data[12:16] not in (b"mntr", b"scnr", b"prtr", b"spac")
    ):
        return None
    try:
        known = ImageCms.ImageCmsProfile(io.BytesIO(data))
        name = ImageCms.getProfileDescription(known)
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if "srgb" in name.lower() and image.mode != "CMYK" else data


def flat(image: Image.Image) -> Image.Image:
    """Black and white, grey or RGB in sRGB, on white paper: whatever came in.

    Transparency, palettes, CMYK, LAB, YCbCr, 16 and 32 bits, floating point. Raises FileBroken.
    """
    with _refusing():
        return _flat(image)


def _flat(image: Image.Image) -> Image.Image:
    if image.mode == "1":
        return image
    if image.mode[0] in "IF":
        return _deep(image)
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return _in_srgb(Image.alpha_composite(white, layer).convert("RGB"), image)
    if image.mode == "L":
        return image
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        changed = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        if changed is None:
            raise FileBroken(reason="LAB")
        return changed
    if image.mode in ("RGB", "CMYK"):
        return _in_srgb(image, image)
    return image.convert("RGB")


def _deep(image: Image.Image) -> Image.Image:
    """Grey of 16 bits, or of 32 and floating point brought to what their values span."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    low, high = image.getextrema()
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        raise FileBroken(reason=image.mode)
    if image.mode == "I" and low >= 0 and high > 255:  # PNG with 16 bits
        low, high = 0, 65280 if high <= 65535 else high
    elif image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0, 1
    elif low >= 0 and high <= 255:
        low, high = 0, 255
    factor = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * factor + -low * factor).convert("L")


def _in_srgb(image: Image.Image, original: Image.Image) -> Image.Image:
    data = profile(original)
    if data is not None:
        try:
            given = ImageCms.ImageCmsProfile(io.BytesIO(data))
            changed = ImageCms.profileToProfile(
                image, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError):
            changed = None
        if changed is not None:
            return changed
    return image if image.mode == "RGB" else image.convert("RGB")


def upright(image: Image.Image, turned: int) -> Image.Image:
    """The picture as its EXIF orientation wants it shown."""
    return image.transpose(_TRANSPOSED[turned]) if turned in _TRANSPOSED else image


def working(image: Image.Image) -> Image.Image:
    """A picture for recognition: grey or RGB, its longer side at most ``WORKING_SIDE``."""
    grey_or_rgb = image.convert("L") if image.mode == "1" else image
    longer = max(grey_or_rgb.size)
    if longer <= WORKING_SIDE:
        return grey_or_rgb
    size = tuple(max(1, round(side * WORKING_SIDE / longer)) for side in grey_or_rgb.size)
    return grey_or_rgb.resize(size, Image.Resampling.BOX)  # type: ignore[arg-type]


@contextmanager
def _refusing(source: Path | None = None) -> Iterator[None]:
    """Errors of the readers become ours. Raises FileTruncated, FileBroken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of damage that it can live with
            yield
    except UnidentifiedImageError as error:
        raise FileBroken(reason="not a picture that can be read") from error
    except MemoryError:
        raise
    except _ERRORS as error:
        reason = str(error).replace(str(source), "") if source else str(error)
        if any(sign in reason.lower() for sign in ("truncated", "end of file", "unexpected end")):
            raise FileTruncated() from error
        raise FileBroken(reason=reason[:200]) from error


def _is_cut(source: Path) -> bool:
    """Whether a container says that it is longer than the file: WebP (RIFF) and HEIC (ISO 14496-12)."""
    size = source.stat().st_size
    with source.open("rb") as file:
        head = file.read(16)
        if head[:4] == b"RIFF" and len(head) == 16:
            return int.from_bytes(head[4:8], "little") + 8 > size
        if head[4:8] != b"ftyp":
            return False
        at = 0
        for _ in range(1000):
            if at + 8 > size:
                return at < size
            file.seek(at)
            box = file.read(16)
            length = int.from_bytes(box[:4], "big")
            if length == 1:
                length = int.from_bytes(box[8:16], "big")
            if length == 0:  # to the end of the file
                return False
            if length < 8:
                return False  # broken rather than cut
            at += length
            if at >= size:
                return at > size
    return False
