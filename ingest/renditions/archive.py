"""A flat PDF cleared of what PDF/A-2 and 3 forbid (ISO 19005-2 and -3), written, and judged once more."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image

from ingest.errors import FileBroken
from ingest.renditions import colours
from ingest.renditions.content import Drawing, drawings, images_of, states

_ALLOWED: Final = (
    "b B b* B* BDC BMC BT c cm CS cs d d0 d1 Do DP EMC ET f F f* G g gs h i j J K k l m M MP n q Q re RG rg"
    " ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""
)
_OPERATORS: Final = frozenset(_ALLOWED.split())
"""Those of ISO 32000-1, annex A; BX and EX, which excuse others, are not needed any more."""
_INLINE: Final = "INLINE IMAGE"
"""What pikepdf calls BI, ID, EI with what is between them."""
_INTENTS: Final = frozenset({"/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation"})
_BLENDS: Final = frozenset(
    {
        "/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten", "/ColorDodge",
        "/ColorBurn", "/HardLight", "/SoftLight", "/Difference", "/Exclusion", "/Hue", "/Saturation",
        "/Color", "/Luminosity",
    }
)  # fmt: skip
_OF_CATALOG: Final = frozenset(
    {"/Type", "/Pages", "/Lang", "/MarkInfo", "/StructTreeRoot", "/PageLabels", "/Outlines", "/Dests",
     "/ViewerPreferences", "/PageMode", "/PageLayout", "/Names"}
)  # fmt: skip
_OF_PAGE: Final = frozenset(
    {"/Type", "/Parent", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/Resources",
     "/Contents", "/Group", "/StructParents", "/Tabs", "/UserUnit"}
)  # fmt: skip
_FILTERS: Final = frozenset(
    {"/FlateDecode", "/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode", "/RunLengthDecode", "/ASCIIHexDecode",
     "/ASCII85Decode"}
)  # fmt: skip
_DEEPEST_Q: Final = 28


def clear(document: pikepdf.Pdf) -> None:
    """Remove or repair what PDF/A-2 forbids. Raises FileBroken for what cannot be repaired here."""
    for item in document.objects:
        if isinstance(item, Dictionary | Stream):
            for key in ("/Metadata", "/PieceInfo", "/Thumb", "/Alternates", "/AF", "/LastModified"):
                if key in item:
                    del item[key]
            _check_space(document, item)
    _clear_catalog(document)
    found: list[tuple[Drawing, list[Any]]] = []
    for drawing in drawings(document):
        instructions = drawing.instructions()
        kept = _allowed(instructions)
        drawing.rewrite(document, kept)  # even unchanged: then every reader sees the same instructions
        found.append((drawing, kept))
        _clear_resources(document, drawing)
    if colours.uses_cmyk(found):
        _name_cmyk(document, [drawing for drawing, _ in found])


def _clear_catalog(document: pikepdf.Pdf) -> None:
    root = document.Root
    for key in [key for key in root.keys() if key not in _OF_CATALOG]:  # noqa: SIM118
        del root[key]
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        for key in [key for key in names.keys() if key != "/Dests"]:  # noqa: SIM118
            del names[key]
    for page in document.pages:
        for key in ("/MediaBox", "/CropBox", "/Rotate"):  # inherited ones become the page's own
            if key not in page.obj and _inherited(page.obj, key) is not None:
                page.obj[key] = _inherited(page.obj, key)
        for key in [key for key in page.obj.keys() if key not in _OF_PAGE]:  # noqa: SIM118
            del page.obj[key]
        for key in ("/MediaBox", "/CropBox"):
            if key in page.obj:
                _require_size(page.obj[key])


def _inherited(page: Any, key: str) -> Any:
    node, depth = page.get("/Parent"), 0
    while isinstance(node, Dictionary) and depth < 50:
        if key in node:
            return node[key]
        node, depth = node.get("/Parent"), depth + 1
    return None


def _require_size(box: Any) -> None:
    left, bottom, right, top = (float(side) for side in box)
    for side in (abs(right - left), abs(top - bottom)):
        if not 3 <= side <= 14_400:
            raise FileBroken(reason="page size")


def _allowed(instructions: list[Any]) -> list[Any]:
    """The instructions that PDF/A allows; the same list when that is all of them."""
    depth, kept = 0, []
    for one in instructions:
        operator = str(one.operator)
        depth += (operator == "q") - (operator == "Q")
        if depth > _DEEPEST_Q:
            raise FileBroken(reason="graphics states nested too deep")
        if operator not in _OPERATORS and operator != _INLINE:
            continue
        if operator == "ri" and str(one.operands[0]) not in _INTENTS:
            continue
        if operator == _INLINE:
            _check_inline(one.iimage)
        kept.append(one)
    return instructions if len(kept) == len(instructions) else kept


def _check_inline(image: Any) -> None:
    written = image.obj
    if bool(written.get("/I", False)) or bool(written.get("/Interpolate", False)):
        raise FileBroken(reason="interpolated inline image")
    filters = str(written.get("/F", "")) + str(written.get("/Filter", ""))
    if "LZW" in filters or "Crypt" in filters:
        raise FileBroken(reason="filter of an inline image")


def _clear_resources(document: pikepdf.Pdf, drawing: Drawing) -> None:
    for state in states(drawing.resources):
        for key in ("/TR", "/TR2", "/HT", "/HTP", "/HTO", "/BG2", "/UCR2"):
            if key in state and key not in ("/BG2", "/UCR2"):
                del state[key]
        if "/RI" in state and str(state.RI) not in _INTENTS:
            del state["/RI"]
        if "/BM" in state:
            state.BM = _blend(state.BM)
        if int(state.get("/OPM", 0)) == 1:
            state.OPM = 0  # with an ICC profile for CMYK, overprint mode 1 is forbidden (6.2.4.2)
    for image in images_of(drawing.resources):
        _clear_image(document, image)
    holder = drawing.holder
    if isinstance(holder, Stream):
        for key in ("/OPI", "/PS", "/Subtype2", "/Ref"):
            if key in holder:
                del holder[key]
    for one in _values(drawing.resources.get("/XObject")):
        if isinstance(one, Stream) and str(one.get("/Subtype", "")) not in ("/Form", "/Image"):
            raise FileBroken(reason="XObject")


def _blend(mode: Any) -> Any:
    listed = list(mode) if isinstance(mode, Array) else [mode]
    return next((one for one in listed if str(one) in _BLENDS), Name.Normal)


def _values(item: Any) -> list[Any]:
    return [item[key] for key in item.keys()] if isinstance(item, Dictionary) else []  # noqa: SIM118


def _clear_image(document: pikepdf.Pdf, image: Any) -> None:
    for key in ("/Interpolate", "/OPI"):
        if key in image:
            del image[key]
    if "/Intent" in image and str(image.Intent) not in _INTENTS:
        del image["/Intent"]
    filters = image.get("/Filter")
    listed = [str(one) for one in filters] if isinstance(filters, Array) else [str(filters)]
    if "/JPXDecode" in listed:
        _unpack_jpx(image)
    elif "/LZWDecode" in listed and listed[-1] != "/LZWDecode":
        raise FileBroken(reason="LZW around a picture")


def _unpack_jpx(image: Any) -> None:
    """JPEG 2000 as plain samples: PDF/A's rules for its colours and depths (6.2.8.3) then do not matter."""
    if "/SMaskInData" in image and int(image.SMaskInData) != 0:
        raise FileBroken(reason="mask inside JPEG 2000")
    with Image.open(io.BytesIO(image.read_raw_bytes())) as opened:
        if opened.width * opened.height > 100_000_000:
            raise FileBroken(reason="picture too large")
        space = image.get("/ColorSpace")
        picture = opened if opened.mode in ("L", "RGB", "CMYK") else opened.convert("RGB")
        picture.load()
    number = len(picture.getbands())
    if space is None or number != _components(space):
        names = {1: Name.DeviceGray, 3: Name.DeviceRGB, 4: Name.DeviceCMYK}
        image.ColorSpace = names[number]
    image.write(picture.tobytes())
    image.Width, image.Height, image.BitsPerComponent = picture.width, picture.height, 8


def _components(space: Any) -> int:
    if isinstance(space, Name):
        return {"/DeviceGray": 1, "/DeviceRGB": 3, "/DeviceCMYK": 4}.get(str(space), 0)
    kind = str(space[0])
    if kind == "/ICCBased":
        return int(space[1].get("/N", 0))
    return {"/CalGray": 1, "/CalRGB": 3, "/Lab": 3, "/Indexed": 1, "/Separation": 1}.get(kind, 0)


def _check_space(document: pikepdf.Pdf, item: Any) -> None:
    """Colour spaces in a dictionary: profiles that are none become device colours."""
    for key in item.keys():  # noqa: SIM118
        item_value = item[key]
        if isinstance(item_value, Array) and len(item_value) and isinstance(item_value[0], Name):
            kind = str(item_value[0])
            if kind == "/ICCBased" and len(item_value) > 1 and not colours.is_sound(item_value[1]):
                item[key] = colours.device_of(item_value[1])
            elif kind == "/DeviceN":
                _require_colorants(item_value)


def _require_colorants(space: Any) -> None:
    """Spot colours of DeviceN must be described each (6.2.4.4)."""
    process = {"/Cyan", "/Magenta", "/Yellow", "/Black", "/None"}
    spots = {str(one) for one in space[1]} - process
    attributes = space[4] if len(space) > 4 else Dictionary()
    described = attributes.get("/Colorants") if isinstance(attributes, Dictionary) else None
    known = set(described.keys()) if isinstance(described, Dictionary) else set()
    if spots - known or len(space[1]) > 32:
        raise FileBroken(reason="colorants")


def _name_cmyk(document: pikepdf.Pdf, all_drawings: list[Drawing]) -> None:
    """Say which colours device CMYK means: the default space of every resource dictionary (6.2.4.3)."""
    profile = document.make_stream(colours.cmyk())
    profile.N = 4
    space = document.make_indirect(Array([Name.ICCBased, profile]))
    for drawing in all_drawings:
        resources = drawing.resources
        if not isinstance(resources.get("/ColorSpace"), Dictionary):
            resources.ColorSpace = Dictionary()
        if "/DefaultCMYK" not in resources.ColorSpace:
            resources.ColorSpace.DefaultCMYK = space
        group = drawing.holder.get("/Group")
        if isinstance(group, Dictionary) and str(group.get("/CS", "")) == "/DeviceCMYK":
            group.CS = space


def save(document: pikepdf.Pdf, target: Path) -> None:
    """Write it: no LZW, no hybrid tables."""
    document.remove_unreferenced_resources()
    document.save(
        target,
        min_version="1.7",
        deterministic_id=True,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )


def require_sound(target: Path) -> None:
    """Judge the written file once more: limits, filters, keys. Raises FileBroken."""
    with pikepdf.open(target) as document:
        if document.get_warnings() or len(document.pages) == 0:
            raise FileBroken(reason="structure")
        for item in document.objects:
            _require_limits(item, 0)
            if isinstance(item, Stream):
                filters = item.get("/Filter")
                listed = filters if isinstance(filters, Array) else [filters] if filters is not None else []
                if "/F" in item or any(str(one) not in _FILTERS for one in listed):
                    raise FileBroken(reason="filter")


def _require_limits(item: Any, depth: int) -> None:
    """Architectural limits (6.1.13): names of 127 bytes, strings of 32,767, whole numbers of 32 bits."""
    if depth > 60:
        raise FileBroken(reason="nested too deep")
    if isinstance(item, Name):
        if len(str(item).encode()) > 128:
            raise FileBroken(reason="name")
    elif isinstance(item, pikepdf.String):
        if len(bytes(item)) > 32_767:
            raise FileBroken(reason="string")
    elif isinstance(item, int) and not isinstance(item, bool):
        if not -(2**31) <= item < 2**31:
            raise FileBroken(reason="number")
    elif isinstance(item, Array):
        for one in item:
            if not getattr(one, "is_indirect", False):
                _require_limits(one, depth + 1)
    elif isinstance(item, Dictionary | Stream):
        for key in item.keys():  # noqa: SIM118
            _require_limits(Name(key), depth + 1)
            value = item[key]
            if not getattr(value, "is_indirect", False):
                _require_limits(value, depth + 1)
