"""What makes the PDF a PDF/A-2b (ISO 19005-2): its colours' meaning and its description of itself."""

from __future__ import annotations

import struct
from functools import lru_cache
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import ImageCms

_MOST_TITLE = 300
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" \
xmlns:dc="http://purl.org/dc/elements/1.1/">
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>{title}
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


@lru_cache(maxsize=1)
def _srgb() -> bytes:
    """The profile of sRGB; its date is fixed, so that equal files become equal bytes."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    struct.pack_into(">6H", profile, 24, 2020, 1, 1, 0, 0, 0)
    profile[84:100] = bytes(16)
    return bytes(profile)


def declare(document: pikepdf.Pdf, title: str) -> None:
    """Add output intent and metadata. Everything else that PDF/A asks for is in how pages are drawn."""
    title = "".join(letter for letter in title if letter.isprintable())[:_MOST_TITLE].strip()
    profile = Stream(document, _srgb())
    profile.N = 3
    document.Root.OutputIntents = Array(
        [
            Dictionary(
                Type=Name.OutputIntent,
                S=Name.GTS_PDFA1,
                OutputConditionIdentifier=String("sRGB IEC61966-2.1"),
                Info=String("sRGB IEC61966-2.1"),
                DestOutputProfile=document.make_indirect(profile),
            )
        ]
    )
    entry = ""
    if title:
        entry = (
            f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>'
        )
        document.docinfo["/Title"] = String(title)
    metadata = Stream(document, _XMP.format(title=entry).encode("utf-8", "replace"))
    metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
    document.Root.Metadata = document.make_indirect(metadata)
    document.Root.MarkInfo = Dictionary(Marked=False)
