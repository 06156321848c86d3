"""What a PDF holds besides pages: what acts, what hides, what points outside. Runs in the worker only."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from ingest import media
from ingest.errors import FileBroken

MOST_OBJECTS: Final = 500_000
MOST_FINDINGS: Final = 200
_MOST_NAME: Final = 200
_ACTIONS: Final = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/SubmitForm": "submit-form",
    "/ImportData": "external-reference",
    "/GoToR": "external-reference",
    "/GoToE": "external-reference",
    "/URI": "uri",
    "/Rendition": "rich-media",
    "/Movie": "rich-media",
    "/Sound": "rich-media",
    "/RichMediaExecute": "rich-media",
}
_ANNOTATIONS: Final = {
    "/RichMedia": "rich-media",
    "/Screen": "rich-media",
    "/Movie": "rich-media",
    "/Sound": "rich-media",
    "/3D": "rich-media",
    "/FileAttachment": "embedded-files",
}
_NAME: Final = re.compile(rb"/[^\x00\t\n\f\r ()<>\[\]{}/%]*")
_NAME_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_ENDINGS: Final = (
    "exe dll com scr pif bat cmd ps1 vbs vbe js jse wsf wsh hta msi jar lnk sh apk docm xlsm pptm"
)
_PROGRAM_ENDINGS: Final = frozenset(_ENDINGS.split(" "))
_PROGRAM_KINDS: Final = frozenset({"windows-program", "linux-program", "program", "script", "archive"})
SIGN_BLOCKERS: Final = frozenset(
    {
        "javascript",
        "launch",
        "xfa",
        "need-appearances",
        "external-reference",
        "hidden-layers",
        "submit-form",
        "rich-media",
        "embedded-executable",
    }
)
"""Findings with which a PDF is not signed in place: what is seen may not be what is signed, or it carries
a program to those who trust the signature."""
UNSIGNABLE: Final = "unsignable"
"""A signature was tried and could not be made: the file is encrypted, closed by its maker, or damaged."""


def findings(document: pikepdf.Pdf) -> list[dict[str, Any]]:
    """Findings, each once, ``MOST_FINDINGS`` at most but every code at least once. Raises FileBroken."""
    found: dict[tuple[str, int, str], dict[str, Any]] = {}
    codes: set[str] = set()
    numbers = _numbers(document)
    for code, key, name in _all(document):
        page = numbers.get(key, 0)
        if len(found) >= MOST_FINDINGS and code in codes:
            continue
        codes.add(code)
        one: dict[str, Any] = {"code": code}
        if page:
            one["page"] = page
        if name:
            one["name"] = name
        found[(code, page, name)] = one
    placed = {code for code, page, _ in found if page}
    # what was met again by another way, which does not know the page, is no other finding
    kept = [one for (code, page, name), one in found.items() if page or name or code not in placed]
    return sorted(kept, key=lambda one: (one["code"], one.get("page", 0), one.get("name", "")))


def _numbers(document: pikepdf.Pdf) -> dict[Any, int]:
    """Pages (from 1) by the object that is the page or an annotation on it."""
    numbers: dict[Any, int] = {}
    for number, page in enumerate(document.pages, start=1):
        numbers[page.obj.objgen] = number
        listed = page.obj.get("/Annots")
        for annotation in listed if isinstance(listed, Array) else ():
            if not isinstance(annotation, Dictionary):
                continue
            numbers[annotation.objgen] = number
            for key in ("/A", "/AA"):
                action = annotation.get(key)
                if isinstance(action, Dictionary):
                    numbers[action.objgen] = number
        actions = page.obj.get("/AA")
        if isinstance(actions, Dictionary):
            numbers[actions.objgen] = number
    numbers.pop((0, 0), None)
    return numbers


def _all(document: pikepdf.Pdf) -> Iterator[tuple[str, Any, str]]:
    """Code, the indirect object it was met in, and the name of a file."""
    root = document.Root
    for code in _of_catalog(root):
        yield code, None, ""
    for number, item in enumerate(document.objects):
        if number > MOST_OBJECTS:
            raise FileBroken(reason=f"more than {MOST_OBJECTS} objects")
        if isinstance(item, Stream):
            # the data, the page or the picture to print lies in another file
            if any(key in item.stream_dict for key in ("/F", "/Ref", "/OPI")):
                yield "external-reference", item.objgen, ""
            continue
        if not isinstance(item, Dictionary | Array):
            continue
        try:
            for code, name in _nested(item, 0):
                yield code, item.objgen, name
        except UnicodeDecodeError:  # names in GBK, which Chinese programs write
            for code in _written(item.unparse()):
                yield code, item.objgen, ""


def _of_catalog(root: Any) -> Iterator[str]:
    form = root.get("/AcroForm")
    if isinstance(form, Dictionary):
        if "/XFA" in form:
            yield "xfa"
        if form.get("/NeedAppearances", False):
            yield "need-appearances"
    if _has_switchable_layers(root):
        yield "hidden-layers"
    names = root.get("/Names")
    if isinstance(names, Dictionary):
        if "/JavaScript" in names:
            yield "javascript"
        if "/EmbeddedFiles" in names:
            yield "embedded-files"


def _written(source: bytes) -> Iterator[str]:
    """The same by the names in an object's source text, where they cannot be read one by one.

    Finds rather more than there is: a string that holds such a name counts too.
    """
    names = {
        _NAME_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), name) for name in _NAME.findall(source)
    }
    known = {**_ACTIONS, **_ANNOTATIONS, "/JS": "javascript", "/ByteRange": "signed"}
    yield from (code for name, code in known.items() if name.encode() in names)


def _nested(item: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Look at a dictionary and at the direct ones inside it."""
    if depth > 30:
        return
    values: list[Any]
    if isinstance(item, Dictionary):
        kind = str(item.get("/S", ""))
        if kind in _ACTIONS:
            yield _ACTIONS[kind], ""
        if "/JS" in item:
            yield "javascript", ""
        if "/Subtype" in item and str(item.get("/Subtype")) in _ANNOTATIONS:
            yield _ANNOTATIONS[str(item.get("/Subtype"))], ""
        if (str(item.get("/FT", "")) == "/Sig" and "/V" in item) or "/ByteRange" in item:
            yield "signed", ""  # a signature's own dictionary counts too: /FT may be inherited
        if isinstance(item.get("/EF"), Dictionary):
            yield from _embedded(item)
        values = [item[key] for key in item.keys() if key != "/Parent"]  # noqa: SIM118 (not a dict)
    else:
        values = list(item)
    for value in values:
        if isinstance(value, Dictionary | Array) and not value.is_indirect:
            yield from _nested(value, depth + 1)


def _embedded(specification: Any) -> Iterator[tuple[str, str]]:
    """An embedded file that is a program, script, archive or has macros, by content or by its name."""
    written = specification.get("/UF", specification.get("/F", ""))
    name = "".join(letter for letter in str(written) if letter.isprintable())[-_MOST_NAME:]
    if name.rsplit(".", 1)[-1].lower() in _PROGRAM_ENDINGS:
        yield "embedded-executable", name
        return
    files = specification.EF
    for key in files.keys():  # noqa: SIM118
        stream = files[key]
        if isinstance(stream, Stream) and _is_program(_beginning(stream)):
            yield "embedded-executable", name
            return


def _beginning(stream: Any) -> bytes:
    """The first bytes of a file, unpacked piece by piece where it is packed the usual way."""
    if isinstance(stream.get("/Filter"), Name) and str(stream.Filter) == "/FlateDecode":
        try:
            return zlib.decompressobj().decompress(bytes(stream.read_raw_bytes())[: 64 * 1024], media.HEAD)
        except zlib.error:
            return b""
    try:
        return bytes(stream.read_bytes())[: media.HEAD]
    except pikepdf.PdfError:
        return b""


def _is_program(head: bytes) -> bool:
    if media.describe(head) in _PROGRAM_KINDS:
        return True
    return head.startswith(b"PK\x03\x04") and (b"vbaProject.bin" in head or b"META-INF/MANIFEST.MF" in head)


def _has_switchable_layers(root: Any) -> bool:
    """Whether optional content is hidden, or can be switched by who looks at it."""
    properties = root.get("/OCProperties")
    if not isinstance(properties, Dictionary):
        return False
    groups = properties.get("/OCGs")
    return isinstance(groups, Array) and len(groups) > 0
