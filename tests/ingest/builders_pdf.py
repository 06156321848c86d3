# ruff: noqa: E501
"""PDFs as other programs make them: fonts embedded or not, forms, annotations, layers, colours, pictures."""

from __future__ import annotations

import io
from collections.abc import Callable

import pikepdf
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image

from core import fonts
from tests.ingest import samples


def drawn(content: str | bytes, resources: Dictionary | None = None, **page: object) -> pikepdf.Pdf:
    """An A4 page with this content."""
    document = samples.plain()
    data = content.encode("latin-1") if isinstance(content, str) else content
    document.pages[0].Contents = document.make_stream(data)
    document.pages[0].Resources = resources or Dictionary()
    for key, value in page.items():
        document.pages[0][f"/{key}"] = value
    return document


def helvetica() -> Dictionary:
    return Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)


def named_latin() -> bytes:
    """Helvetica and Times, named and not embedded."""
    times = Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/Times-Roman"), Encoding=Name.WinAnsiEncoding
    )
    return samples.saved(
        drawn(
            "BT /F1 24 Tf 72 700 Td (Invoice 12345 total) Tj /F2 18 Tf 0 -40 Td (Quantity \\(pieces\\): 7) Tj ET",
            Dictionary(Font=Dictionary(F1=helvetica(), F2=times)),
        )
    )


def named_chinese(encoding: str = "GBK-EUC-H") -> bytes:
    """SimSun in GBK or UCS-2, not embedded, as Chinese invoices have it."""
    words = "发票号码：12345678 电子普通发票 Abc"
    code = words.encode("gbk" if encoding.startswith("GBK") else "utf-16-be")
    inner = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name.SimSun,
        DW=1000,
        W=Array([1, 95, 500, 814, 939, 500]),
        CIDSystemInfo=Dictionary(Registry="Adobe", Ordering="GB1", Supplement=2),
        FontDescriptor=Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name.SimSun,
            Flags=4,
            Ascent=859,
            Descent=-141,
            ItalicAngle=0,
            CapHeight=683,
            StemV=80,
            FontBBox=Array([-8, -145, 1000, 859]),
        ),
    )
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name.SimSun,
        Encoding=Name("/" + encoding),
        DescendantFonts=Array([inner]),
    )
    content = b"BT /F1 16 Tf 60 700 Td <" + code.hex().encode() + b"> Tj ET"
    return samples.saved(drawn(content, Dictionary(Font=Dictionary(F1=font))))


def embedded_truetype(width_error: int = 0, symbolic: bool = False) -> bytes:
    """DejaVu-like: a TrueType subset embedded as a simple font; ``width_error`` spoils its widths."""
    program = _truetype("Total 42")
    cmap, metrics = program.getBestCmap(), program["hmtx"].metrics
    widths = [
        metrics[cmap[code]][0] * 1000 // program["head"].unitsPerEm + width_error if code in cmap else 0
        for code in range(32, 127)
    ]
    out = io.BytesIO()
    program.save(out)
    document = samples.plain()
    file = document.make_stream(out.getvalue())
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/ABCDEF+Sans"),
        Flags=32,
        Ascent=900,
        Descent=-200,
        ItalicAngle=0,
        CapHeight=700,
        StemV=80,
        FontBBox=Array([0, -200, 1000, 900]),
        FontFile2=file,
    )
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.TrueType,
        BaseFont=Name("/ABCDEF+Sans"),
        FirstChar=32,
        LastChar=126,
        Widths=Array(widths),
        Encoding=Name.WinAnsiEncoding,
        FontDescriptor=document.make_indirect(descriptor),
    )
    document.pages[0].Resources = Dictionary(Font=Dictionary(F1=document.make_indirect(font)))
    document.pages[0].Contents = document.make_stream(b"BT /F1 24 Tf 72 700 Td (Total 42) Tj ET")
    return samples.saved(document)


def _truetype(letters: str) -> TTFont:
    """A TrueType font with these letters, drawn from the product's own."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    source = TTFont(fonts.path(fonts.SANS))
    options = Options()
    subsetter = Subsetter(options)
    subsetter.populate(text=letters)
    subsetter.subset(source)
    glyphs, metrics, cmap = {}, {}, {}
    glyph_set = source.getGlyphSet()
    for code, name in {**source.getBestCmap(), -1: ".notdef"}.items():
        pen = TTGlyphPen(None)
        glyph_set[name].draw(Cu2QuPen(pen, 1.0))
        target = name if code < 0 else f"uni{code:04X}"
        glyphs[target], metrics[target] = pen.glyph(), (glyph_set[name].width, 0)
        if code >= 0:
            cmap[code] = target
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *sorted(set(glyphs) - {".notdef"})])
    builder.setupCharacterMap(cmap)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(metrics)
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": "Sans", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    return builder.font


def form(need_appearances: bool = True) -> bytes:
    """A form: a text field, a check box with two states, a list; appearances left to the viewer."""
    document = samples.plain()
    fields = [
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=String("name"),
            V=String("Zhang Wei 42"),
            Rect=Array([72, 700, 300, 724]),
            DA=String("/Helv 12 Tf 0 g"),
            F=4,
        ),
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Ch,
            T=String("city"),
            V=String("Beijing"),
            Ff=131072,
            Opt=Array([String("Beijing"), String("Shanghai")]),
            Rect=Array([72, 660, 300, 684]),
            DA=String("/Helv 12 Tf 0 g"),
            F=4,
        ),
    ]
    states = {
        "/Yes": Stream(document, b"0 0 1 rg 2 2 10 10 re f"),
        "/Off": Stream(document, b"0 G 1 1 12 12 re S"),
    }
    for stream in states.values():
        stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, 14, 14])
    looks = Dictionary({name: document.make_indirect(stream) for name, stream in states.items()})
    fields.append(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Btn,
            T=String("agree"),
            V=Name.Yes,
            AS=Name.Yes,
            Rect=Array([72, 620, 86, 634]),
            F=4,
            AP=Dictionary(N=looks),
        )
    )
    indirect = [document.make_indirect(one) for one in fields]
    document.pages[0].Annots = Array(indirect)
    document.Root.AcroForm = Dictionary(
        Fields=Array(indirect),
        NeedAppearances=need_appearances,
        DA=String("/Helv 12 Tf 0 g"),
        DR=Dictionary(Font=Dictionary(Helv=helvetica())),
    )
    return samples.saved(document)


def annotated() -> bytes:
    """Highlights, a square, ink, a hidden note, a stamp with its own picture, a link to a page outside."""
    document = drawn(
        "0.9 g 60 690 200 30 re f 0 0 1 rg 60 500 100 60 re f",
    )
    stamp = Stream(document, b"1 0 0 RG 3 w 5 5 90 40 re S")
    stamp.Type, stamp.Subtype, stamp.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 50])
    document.pages[0].Annots = Array(
        [
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Highlight,
                Rect=Array([60, 690, 160, 710]),
                C=Array([1, 1, 0]),
                QuadPoints=Array([60, 710, 160, 710, 60, 690, 160, 690]),
                F=4,
            ),
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Square,
                Rect=Array([200, 600, 300, 650]),
                C=Array([1, 0, 0]),
                F=4,
            ),
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Ink,
                Rect=Array([60, 400, 200, 450]),
                C=Array([0, 0.5, 0]),
                InkList=Array([Array([60, 400, 100, 450, 200, 410])]),
                F=4,
            ),
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Text,
                Rect=Array([500, 700, 520, 720]),
                F=2,
                Contents=String("hidden"),
            ),
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Stamp,
                Rect=Array([300, 300, 400, 350]),
                F=4,
                AP=Dictionary(N=document.make_indirect(stamp)),
            ),
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Link,
                Rect=Array([60, 500, 160, 560]),
                A=Dictionary(S=Name.URI, URI=String("https://example.org/a")),
            ),
        ]
    )
    return samples.saved(document)


def layered() -> bytes:
    """Two layers, one of them off; a form and an annotation that belong to the hidden one."""
    document = samples.plain()
    on = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("shown")))
    off = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("small print")))
    both = Dictionary(Type=Name.OCMD, OCGs=Array([on, off]), P=Name.AllOn)
    hidden = Stream(document, b"1 0 0 rg 300 100 100 100 re f")
    hidden.Type, hidden.Subtype, hidden.BBox, hidden.OC = (
        Name.XObject,
        Name.Form,
        Array([0, 0, 600, 850]),
        off,
    )
    page = document.pages[0]
    page.Resources = Dictionary(
        Properties=Dictionary(A=on, B=off, C=document.make_indirect(both)),
        XObject=Dictionary(X=document.make_indirect(hidden)),
    )
    page.Contents = document.make_stream(
        b"/OC /A BDC 0 0.6 0 rg 100 500 100 100 re f EMC\n"
        b"/OC /B BDC q 1 0 0 rg 100 300 100 100 re f /Span BMC 0 0 50 50 re f EMC Q EMC\n"
        b"/OC /C BDC 1 0 0 rg 100 700 50 50 re f EMC /X Do 0 0 1 rg 300 500 50 50 re f"
    )
    page.Annots = Array(
        [
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Square,
                Rect=Array([400, 600, 450, 650]),
                C=Array([1, 0, 0]),
                OC=off,
                F=4,
            )
        ]
    )
    document.Root.OCProperties = Dictionary(
        OCGs=Array([on, off]), D=Dictionary(Order=Array([on, off]), OFF=Array([off]))
    )
    return samples.saved(document)


def coloured() -> bytes:
    """Device CMYK by operators and in a picture, a spot colour, transparency, a transfer function."""
    document = samples.plain()
    image = Stream(document, bytes((200, 20, 60, 10)) * 16)
    image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, 4, 4
    image.ColorSpace, image.BitsPerComponent, image.Interpolate = Name.DeviceCMYK, 8, True
    tint = Dictionary(
        FunctionType=2, Domain=Array([0, 1]), C0=Array([0, 0, 0, 0]), C1=Array([0, 1, 1, 0]), N=1
    )
    spot = Array([Name.Separation, Name("/Seal red"), Name.DeviceCMYK, tint])
    state = Dictionary(
        Type=Name.ExtGState, ca=0.5, BM=Name.Multiply, TR=Name.Identity, OPM=1, op=True, OP=True
    )
    page = document.pages[0]
    page.Group = Dictionary(S=Name.Transparency, CS=Name.DeviceCMYK)
    page.Resources = Dictionary(
        XObject=Dictionary(Im=document.make_indirect(image)),
        ColorSpace=Dictionary(Spot=spot),
        ExtGState=Dictionary(G=state),
    )
    page.Contents = document.make_stream(
        b"0.8 0.1 0 0.1 k 60 600 100 100 re f q 100 0 0 100 200 600 cm /Im Do Q "
        b"/Spot cs 1 scn 60 450 100 100 re f /G gs 0 0 1 rg 100 500 200 150 re f /Bogus ri"
    )
    return samples.saved(document)


def jpeg2000() -> bytes:
    """A picture in JPEG 2000."""
    out = io.BytesIO()
    Image.effect_mandelbrot((64, 64), (-2, -1.5, 1, 1.5), 50).convert("RGB").save(out, "JPEG2000")
    document = samples.plain()
    image = Stream(document, out.getvalue())
    image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, 64, 64
    image.Filter = Name.JPXDecode
    page = document.pages[0]
    page.Resources = Dictionary(XObject=Dictionary(Im=document.make_indirect(image)))
    page.Contents = document.make_stream(b"200 0 0 200 100 400 cm /Im Do")
    return samples.saved(document)


def form_without_resources() -> bytes:
    """A form XObject that draws with its page's resources, and an operator that no one knows."""
    document = samples.plain()
    form_object = Stream(document, b"/G gs 0 0.5 0.5 rg 0 0 100 100 re f 1 2 bogus")
    form_object.Type, form_object.Subtype, form_object.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 100])
    page = document.pages[0]
    page.Resources = Dictionary(
        XObject=Dictionary(X=document.make_indirect(form_object)),
        ExtGState=Dictionary(G=Dictionary(Type=Name.ExtGState, ca=0.4)),
    )
    page.Contents = document.make_stream(b"q 1 0 0 1 100 400 cm /X Do Q 0 0 50 50 re f")
    return samples.saved(document)


def with_executable(data: bytes = b"MZ\x90\x00" + b"\0" * 60, name: str = "invoice.pdf.exe") -> bytes:
    """A program attached to a PDF."""
    document = samples.plain()
    document.attachments[name] = pikepdf.AttachedFileSpec(document, data, filename=name)
    return samples.saved(document)


CORPUS: dict[str, Callable[[], bytes]] = {
    "typeset": samples.typeset,
    "named-latin": named_latin,
    "named-gbk": named_chinese,
    "named-ucs2": lambda: named_chinese("UniGB-UCS2-H"),
    "embedded-truetype": embedded_truetype,
    "wrong-widths": lambda: embedded_truetype(width_error=60),
    "form": form,
    "annotated": annotated,
    "layered": layered,
    "coloured": coloured,
    "jpeg2000": jpeg2000,
    "form-without-resources": form_without_resources,
    "executable": with_executable,
} | {
    what: (lambda what=what: samples.with_active(what))  # type: ignore[misc]
    for what in (
        "javascript",
        "launch",
        "xfa",
        "need-appearances",
        "embedded-files",
        "external-reference",
        "submit-form",
        "hidden-layers",
        "rich-media",
        "signed",
    )
}
