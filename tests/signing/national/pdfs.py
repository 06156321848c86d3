"""PDFs signed in the ways that PAdES does not know."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import PdfSignedData


def signed_pdf(
    pdf: bytes,
    subfilter: str,
    make: Callable[[bytes], bytes],
    *,
    certificates: list[bytes] | None = None,
    field: str = "Signature1",
    password: str | None = None,
) -> bytes:
    """Sign with whatever ``make`` makes of the covered bytes."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    if password is not None:
        writer.encrypt(password)
    embedding: Any = PdfCMSEmbedder().write_cms(field, writer)
    next(embedding)
    value = PdfSignedData(obj_type=generic.pdf_name("/Sig"), bytes_reserved=16384)
    value["/SubFilter"] = generic.pdf_name(subfilter)
    value["/Filter"] = generic.pdf_name("/Adobe.PPKLite")
    value["/M"] = generic.pdf_string("D:20260305103015+08'00'")
    if certificates is not None:
        strings = [generic.ByteStringObject(one) for one in certificates]
        value["/Cert"] = strings[0] if len(strings) == 1 else generic.ArrayObject(strings)
    embedding.send(SigObjSetup(sig_placeholder=value))
    prepared, output = embedding.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    data = output.getvalue()
    covered = data[: prepared.reserved_region_start] + data[prepared.reserved_region_end :]
    embedding.send(make(covered))
    return bytes(output.getvalue())
