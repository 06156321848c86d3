"""The corpus's pictures: photos, flat pictures of every format, scans. Few, for recognition takes seconds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, Final

import pillow_heif
import pypdfium2
from PIL import Image

from tests.ingest import invoice_pdfs
from tests.ingest.builders_photos import Photo, photographed, rendered, spec_of
from tests.ingest.corpus import Case
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoice_pdfs import Look
from tests.ingest.invoices.builder import InvoiceSpec, Kind

_FORMATS: Final = {"png": ("PNG", {}), "webp": ("WEBP", {"quality": 80}), "heic": ("HEIF", {"quality": 80})}


def cases() -> Iterator[Case]:
    pillow_heif.register_heif_opener()
    for seed, (ending, (form, options)) in enumerate(_FORMATS.items(), start=200):
        yield Case(f"flat.{ending}", _stored(rendered(seed), form, **options), _seen(spec_of(seed)))
    how = Photo(seed=203, tilt=7.0, quarter_turns=1, perspective=0.04, shadow=0.3, noise=5, blur=0.6, exif=6)
    yield Case("photo-turned.jpg", photographed(rendered(203), how), _seen(spec_of(203), by_photo=True))
    spec = InvoiceSpec.random(1300, Kind.DIGITAL_SPECIAL, lines=20, red=False)
    first, *more = _pages(spec, 200)
    assert more
    data = _stored(first, "TIFF", save_all=True, append_images=more, compression="tiff_lzw", dpi=(200, 200))
    yield Case("two-pages.tiff", data, _seen(spec))
    spec = InvoiceSpec.random(1301, Kind.ELECTRONIC, lines=2, red=True)
    data = _stored(_pages(spec, 200)[0].rotate(1.2, fillcolor="white"), "PDF", resolution=200, quality=75)
    yield Case("scanned.pdf", data, _seen(spec))


def _pages(spec: InvoiceSpec, dpi: int) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(invoice_pdfs.pdf(drawings(spec), Look()))
    found = [page.render(scale=dpi / 72).to_pil().convert("L") for page in document]
    document.close()
    return found


def _stored(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _seen(spec: InvoiceSpec, by_photo: bool = False) -> dict[str, Any]:
    """What can be seen."""
    found = spec.expected()
    if not found["is_red"]:
        del found["is_red"]
    for line in found["lines"]:
        del line["tax_class"]
    return found
