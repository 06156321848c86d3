"""Files for the tests of ingest, made when they are needed: sound ones, broken ones, hostile ones."""

from __future__ import annotations

import io
import json
import struct
import zlib
from functools import cache
from pathlib import Path

import pikepdf
import pylopdf_fonts_zh_cn
import typst
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image

WORDS = ("采购合同 purchase contract", "第二页 云杉测试科技有限公司")


@cache
def typeset(pages: tuple[str, ...] = WORDS) -> bytes:
    """A PDF with Chinese text, one page for each string."""
    source = """#set text(font: "Noto Sans SC", lang: "zh")
#for (i, words) in json(bytes(sys.inputs.pages)).enumerate() {
  if i > 0 { pagebreak() }
  words
}
"""
    fonts = {str(path.parent) for path in Path(pylopdf_fonts_zh_cn.__file__).parent.rglob("*.[ot]t[fc]")}
    return typst.compile(
        source.encode(),
        sys_inputs={"pages": json.dumps(list(pages), ensure_ascii=False)},
        font_paths=sorted(fonts),
        ignore_system_fonts=True,
    )


def plain(pages: int = 1) -> pikepdf.Pdf:
    """An open PDF with blank A4 pages, to be changed and then handed to ``saved``."""
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page(page_size=(595, 842))
    return document


def saved(document: pikepdf.Pdf, **options: object) -> bytes:
    out = io.BytesIO()
    document.save(out, **options)
    document.close()
    return out.getvalue()


def encrypted(user: str = "secret", owner: str = "secret") -> bytes:
    return saved(plain(), encryption=pikepdf.Encryption(user=user, owner=owner))


def broken_xref() -> bytes:
    """A PDF whose cross-reference table is at another place than the file says."""
    data = saved(plain(2), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    at = data.rindex(b"startxref")
    return data[:at] + b"startxref\n7\n%%EOF\n"


def with_active(what: str) -> bytes:
    """A PDF with one kind of active content."""
    document = plain()
    page = document.pages[0]
    root = document.Root
    if what == "javascript":
        root.OpenAction = document.make_indirect(Dictionary(S=Name.JavaScript, JS=String("app.alert(1)")))
    elif what == "launch":
        page.AA = Dictionary(O=Dictionary(S=Name.Launch, F=String("cmd.exe")))
    elif what == "xfa":
        root.AcroForm = Dictionary(Fields=Array(), XFA=Stream(document, b"<xdp/>"))
    elif what == "need-appearances":
        root.AcroForm = document.make_indirect(Dictionary(Fields=Array(), NeedAppearances=True))
    elif what == "embedded-files":
        document.attachments["data.xml"] = pikepdf.AttachedFileSpec(document, b"<a/>", filename="data.xml")
    elif what == "external-reference":
        page.Annots = Array([_link(Dictionary(S=Name.GoToR, F=String("other.pdf"), D=Array([0, Name.Fit])))])
    elif what == "submit-form":
        page.Annots = Array([_link(Dictionary(S=Name.SubmitForm, F=String("https://example.org")))])
    elif what == "hidden-layers":
        group = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("small print")))
        root.OCProperties = Dictionary(OCGs=Array([group]), D=Dictionary(OFF=Array([group])))
    elif what == "rich-media":
        page.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))])
    elif what == "signed":
        value = Dictionary(
            Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), SubFilter=Name("/adbe.x509.rsa_sha1")
        )
        field = document.make_indirect(
            Dictionary(FT=Name.Sig, T=String("S1"), V=document.make_indirect(value))
        )
        root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=3)
    else:
        raise ValueError(what)
    return saved(document)


def _link(action: Dictionary) -> Dictionary:
    return Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)


def content_bomb(megabytes: int = 3000) -> bytes:
    """A PDF of some megabytes whose page content unpacks to ``megabytes``."""
    packer = zlib.compressobj(9)
    block = b"0 0 m " * (1024 * 1024 // 6)
    packed = b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
    document = plain()
    stream = Stream(document, b"")
    stream.write(packed, filter=Name.FlateDecode)
    document.pages[0].Contents = document.make_indirect(stream)
    return saved(document, recompress_flate=False)


def picture(
    size: tuple[int, int] = (320, 200), mode: str = "RGB", form: str = "PNG", **options: object
) -> bytes:
    """A picture, dark on its left half and light on its right."""
    image = Image.new("RGB", size, (235, 235, 235))
    image.paste((30, 30, 30), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.convert(mode).save(out, form, **options)
    return out.getvalue()


def turned_jpeg(orientation: int) -> bytes:
    """A JPEG with an EXIF orientation (TIFF 6 values 1 to 8)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture(form="JPEG", exif=exif.tobytes())


def image_bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few kilobytes whose header promises 3.6 thousand megapixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
