"""Packages of strangers: odd ones are read, hostile ones are refused, none crashes."""

from __future__ import annotations

import random
import re
import zipfile
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.errors import FileBroken, FileRefused, TooManyPages
from ingest.ofd import package as packages
from ingest.ofd.convert import convert
from ingest.ofd.geometry import segments, written
from ingest.ofd.markup import numbers
from ingest.ofd.package import Package
from ingest.ofd.text import deltas
from signing.national.ofd_package import OfdPackage
from tests.ingest.invoices.builder import InvoiceSpec, Kind
from tests.ingest.ofd import builder
from tests.ingest.ofd.builder import Maker, PageSpec, zipped

_LENIENT = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def simple(said: str = "可以阅读") -> dict[str, bytes]:
    maker = Maker()
    maker.pages.append(PageSpec(body=[maker.text(20, 20, said, 5)]))
    return maker.parts()


def text_of(data: bytes, folder: Path) -> str:
    source = folder / "source"
    source.write_bytes(data)
    document = pypdfium2.PdfDocument(convert(source, folder).pdf)
    try:
        return "".join(str(page.get_textpage().get_text_range()) for page in document)
    finally:
        document.close()


@pytest.mark.parametrize(
    "renamed",
    [
        lambda path: path.upper(),
        lambda path: "/" + path,
        lambda path: path.replace("/", "\\"),
        lambda path: "./" + path,
    ],
    ids=["capitals", "leading slash", "backslashes", "dot"],
)
def test_paths_are_found_however_they_are_written(renamed: object, tmp_path: Path) -> None:
    assert callable(renamed)
    parts = {renamed(path): data for path, data in simple().items()}
    assert "可以阅读" in text_of(zipped(parts), tmp_path)


@pytest.mark.parametrize(
    "written_as",
    [
        "/Doc_0/Pages/Page_0/Content.xml",
        "Doc_0/Pages/Page_0/Content.xml",
        "../Doc_0/Pages/Page_0/Content.xml",
        "Pages\\Page_0\\Content.xml",
        "pages/page_0/CONTENT.XML",
    ],
)
def test_references_are_followed_however_they_are_written(written_as: str, tmp_path: Path) -> None:
    parts = simple()
    parts["Doc_0/Document.xml"] = parts["Doc_0/Document.xml"].replace(
        b"Pages/Page_0/Content.xml", written_as.encode()
    )
    assert "可以阅读" in text_of(zipped(parts), tmp_path)


def test_no_reference_leads_out_of_the_package(tmp_path: Path) -> None:
    parts = simple()
    parts["Doc_0/Document.xml"] = parts["Doc_0/Document.xml"].replace(
        b"Pages/Page_0", b"../../../../../../etc/passwd"
    )
    with pytest.raises(FileBroken):
        text_of(zipped(parts), tmp_path)


@pytest.mark.parametrize(
    "twin",
    [
        "Doc_0/ Pages/Page_0/Content.xml",
        "doc_0/pages/page_0/CONTENT.xml",
        "x/../Doc_0/Pages/Page_0/Content.xml",
    ],
)
def test_the_page_that_is_shown_is_the_one_whose_signature_is_judged(twin: str, tmp_path: Path) -> None:
    parts = {twin: simple("另外一页")["Doc_0/Pages/Page_0/Content.xml"], **simple()}
    data = zipped(parts)
    judged = OfdPackage(data).read("Doc_0/Pages/Page_0/Content.xml")
    shown = text_of(data, tmp_path)
    assert judged is not None and ("另外一页" in judged.decode()) == ("另外一页" in shown)


@pytest.mark.parametrize("missing", ["OFD.xml", "Doc_0/Document.xml", "Doc_0/PublicRes.xml"])
def test_a_package_that_lost_a_part_shows_the_rest(missing: str, tmp_path: Path) -> None:
    parts = simple()
    del parts[missing]
    assert "可以阅读" in text_of(zipped(parts), tmp_path)


def test_a_page_that_cannot_be_read_is_named_and_the_others_are_shown(tmp_path: Path) -> None:
    maker = builder.contract(3)
    parts = maker.parts()
    parts["Doc_0/Pages/Page_1/Content.xml"] = b"\x00\x01 no XML"
    source = tmp_path / "source"
    source.write_bytes(zipped(parts))
    converted = convert(source, tmp_path)
    assert converted.findings == [{"code": "page-incomplete", "page": 2}]
    document = pypdfium2.PdfDocument(converted.pdf)
    assert len(document) == 3
    document.close()


@pytest.mark.parametrize("parts", [{}, {"OFD.xml": b"<OFD/>"}, {"OFD.xml": b"no"}, {"a.txt": b"a"}])
def test_a_package_that_shows_nothing_is_refused(parts: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(FileBroken):
        text_of(zipped(parts), tmp_path)


def test_entities_are_refused(tmp_path: Path) -> None:
    parts = simple()
    page = parts["Doc_0/Pages/Page_0/Content.xml"].decode()
    bomb = '<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "lol">]>'
    parts["Doc_0/Pages/Page_0/Content.xml"] = page.replace("?>", f"?>{bomb}", 1).encode()
    with pytest.raises(FileBroken):
        text_of(zipped(parts), tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MOST_IN_ALL", 3_000_000)
    source = tmp_path / "source"
    source.write_bytes(zipped({"OFD.xml": b"<OFD>" + b" " * 4_000_000 + b"</OFD>"}))
    with Package(source) as package, pytest.raises(FileBroken, match="too large"):
        package.read("OFD.xml")


def test_what_is_unpacked_counts_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MOST_IN_ALL", 2_500_000)
    source = tmp_path / "source"
    source.write_bytes(zipped({name: bytes(1_000_000) for name in "abc"}))
    with Package(source) as package:
        assert len(package.read("A")) == len(package.read("/b")) == 1_000_000
        with pytest.raises(FileBroken, match="too large"):
            package.read("c")


def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    parts = simple()
    page = b'<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>'
    parts["Doc_0/Document.xml"] = parts["Doc_0/Document.xml"].replace(page, page * 6000)
    with pytest.raises(TooManyPages):
        text_of(zipped(parts), tmp_path)


def test_units_that_multiply_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.ofd.canvas.MOST_OBJECTS", 5000)
    maker = Maker()
    inner = maker.unit(20, 20, [maker.text(1, 5, "一", 4)] * 30)
    for _ in range(4):
        inner = maker.unit(20, 20, [maker.composite(inner, (0, 0, 20, 20))] * 30)
    maker.pages.append(PageSpec(body=[maker.composite(inner, (0, 0, 200, 200))]))
    with pytest.raises(FileBroken, match="more objects"):
        text_of(maker.bytes(), tmp_path)


def test_blocks_nested_without_end_are_left_out(tmp_path: Path) -> None:
    maker = Maker()
    deep = "<ofd:PageBlock>" * 150 + maker.text(20, 40, "深", 5) + "</ofd:PageBlock>" * 150
    maker.pages.append(PageSpec(body=[maker.text(20, 20, "浅", 5), deep]))
    assert text_of(maker.bytes(), tmp_path).strip() == "浅"


def test_declared_encodings_that_are_wrong_are_seen_through(tmp_path: Path) -> None:
    parts = {path: data.replace(b"UTF-8", b"GBK", 1) for path, data in simple().items()}
    gbk = {path: data.decode().encode("gbk") for path, data in parts.items()}
    assert "可以阅读" in text_of(zipped(parts), tmp_path)
    assert "可以阅读" in text_of(zipped(gbk), tmp_path)


@given(st.text(alphabet="MSLQBAC 0123456789.-+eE,gx\n", max_size=300))
def test_any_path_data_ends_in_sound_operators(data: str) -> None:
    operators = written(segments(data))
    for line in operators.splitlines():
        assert re.fullmatch(r"(-?\d+(\.\d+)? )*[mlch]", line)
    if operators:
        assert operators.split("\n")[0].endswith("m")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=7, max_size=7))
def test_any_arc_ends_where_it_should(values: list[float]) -> None:
    made = segments("M 1 2 A " + " ".join(map(repr, values)))
    for one in made:
        assert all(-1e12 < value < 1e12 for value in one[1])


@given(st.text(max_size=200))
def test_any_text_is_an_array_of_numbers(text: str) -> None:
    assert all(abs(value) <= 1e7 for value in numbers(text))
    assert len(deltas(text)) <= 200_000


def test_deltas_have_a_shorthand() -> None:
    assert deltas("g 3 5 2.5 g 2 -1") == [5, 5, 5, 2.5, -1, -1]
    assert deltas("g 99999999999 1") == [1] * 200_000
    assert deltas("g") == deltas("g 2") == []


_SEEDS = [
    lambda: builder.invoice(InvoiceSpec.random(31, Kind.ELECTRONIC)).parts(),
    lambda: builder.invoice(InvoiceSpec.random(32, Kind.DIGITAL), embedded=True).parts(),
    lambda: builder.contract(1).parts(),
]
_VALUES = (
    "",
    "-1",
    "0",
    "1e9",
    "NaN",
    "9" * 30,
    "-5 -5 -5 -5",
    "0 0 0 0",
    "g 9999999 1",
    "true",
    "M 0 0 A",
    "1e-30",
    "../..",
    "101",
)


@given(seed=st.integers(0, 2**32), which=st.integers(0, len(_SEEDS) - 1))
@_LENIENT
def test_any_damage_ends_in_a_reason_or_a_pdf(seed: int, which: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    parts = _SEEDS[which]()
    for _ in range(draw.randint(1, 4)):
        path = draw.choice(sorted(parts))
        parts[path] = _damaged(parts[path], draw)
    source = tmp_path / "source"
    source.write_bytes(zipped(parts))
    try:
        converted = convert(source, tmp_path)
    except FileRefused:
        return
    document = pypdfium2.PdfDocument(converted.pdf)
    try:
        for page in list(document)[:1]:
            page.render(scale=0.3)
    finally:
        document.close()


def _damaged(data: bytes, draw: random.Random) -> bytes:
    kind = draw.random()
    if kind < 0.3 and data:
        changed = bytearray(data)
        for _ in range(draw.randint(1, 20)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        return bytes(changed)
    if kind < 0.4:
        return data[: draw.randrange(len(data) + 1)]
    text = data.decode("utf-8", "replace")
    found = list(re.finditer(r'"([^"]*)"', text))
    if not found:
        return data
    one = draw.choice(found)
    return (text[: one.start(1)] + draw.choice(_VALUES) + text[one.end(1) :]).encode()


@given(seed=st.integers(0, 2**32))
@_LENIENT
def test_any_damage_of_the_zip_ends_in_a_reason_or_a_pdf(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    data = bytearray(zipped(simple(), zipfile.ZIP_STORED if seed % 2 else zipfile.ZIP_DEFLATED))
    for _ in range(draw.randint(1, 8)):
        data[draw.randrange(len(data))] = draw.randrange(256)
    source = tmp_path / "source"
    source.write_bytes(bytes(data[: draw.randrange(len(data))] if draw.random() < 0.2 else data))
    try:
        convert(source, tmp_path)
    except FileRefused:
        return
