"""Words of a PDF and their places: directions, boxes, what cannot be seen, fonts that are not embedded."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream

from ingest import pdf_words
from ingest.errors import FileBroken
from ingest.words import Page, plain
from tests.ingest import invoice_pdfs, samples
from tests.ingest.invoice_pdfs import Drawing, Look


def made(
    content: str, *, encoding: str = "GBK-EUC-H", rotate: int = 0, crop: list[float] | None = None
) -> bytes:
    """A page of 600 by 400 points; F1 is SimSun, not embedded, F2 Helvetica."""
    document = pikepdf.new()
    document.add_blank_page(page_size=(600, 400))
    page = document.pages[0]
    fonts = Dictionary(
        F1=document.make_indirect(invoice_pdfs.song(document, encoding)),
        F2=document.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)),
    )
    states = Dictionary(Clear=Dictionary(Type=Name.ExtGState, ca=0))
    page.Resources = Dictionary(Font=fonts, ExtGState=states)
    page.Contents = document.make_indirect(Stream(document, content.encode()))
    if rotate:
        page.Rotate = rotate
    if crop:
        page.CropBox = Array(crop)
    return samples.saved(document)


def gbk(text: str) -> str:
    return f"<{text.encode('gbk').hex()}>"


def words_of(tmp_path: Path, data: bytes) -> Page:
    path = tmp_path / "file.pdf"
    path.write_bytes(data)
    (page,) = pdf_words.words(path)
    return page


def texts(page: Page) -> list[str]:
    return [word.text for word in page]


def test_text_in_a_font_that_is_not_embedded_comes_out_right(tmp_path: Path) -> None:
    page = words_of(tmp_path, made(f"BT /F1 10 Tf 60 300 Td {gbk('发票代码：044031900111')} Tj ET"))
    (word,) = page
    assert word.text == "发票代码：044031900111"
    assert word.place.left == pytest.approx(60 / 600, abs=0.002)
    assert word.place.right == pytest.approx((60 + 50 + 60) / 600, abs=0.003)
    assert word.place.top < 100 / 400 < word.place.bottom


def test_single_letters_in_a_font_that_is_not_embedded_are_not_lost(tmp_path: Path) -> None:
    content = " ".join(
        f"BT /F1 10 Tf 60 {300 - 14 * n} Td {gbk(one)} Tj ET" for n, one in enumerate("购买方")
    )
    assert texts(words_of(tmp_path, made(content))) == ["购", "买", "方"]


def test_unicode_encodings_are_read_upright_and_vertical(tmp_path: Path) -> None:
    code = "发票号码：12".encode("utf-16-be").hex()
    for encoding in ("UniGB-UCS2-H", "UniGB-UCS2-V"):
        page = words_of(tmp_path, made(f"BT /F1 10 Tf 60 300 Td <{code}> Tj ET", encoding=encoding))
        assert texts(page) == ["发票号码：12"]
        tall = page[0].place.bottom - page[0].place.top > page[0].place.right - page[0].place.left
        assert tall == encoding.endswith("V")


@pytest.mark.parametrize(
    ("rotate", "expected"), [(0, (0.1, 0.25)), (90, (0.75, 0.1)), (180, (0.9, 0.75)), (270, (0.25, 0.9))]
)
def test_places_are_of_the_page_as_it_is_shown(
    tmp_path: Path, rotate: int, expected: tuple[float, float]
) -> None:
    """A text at (60, 300) of 600 by 400: its beginning on the shown page, for every rotation."""
    (word,) = words_of(tmp_path, made(f"BT /F1 10 Tf 60 300 Td {gbk('字样')} Tj ET", rotate=rotate))
    across = (word.place.left, word.place.right)
    down = (word.place.top, word.place.bottom)
    assert any(abs(side - expected[0]) < 0.03 for side in across)
    assert any(abs(side - expected[1]) < 0.03 for side in down)
    assert word.text == "字样"


def test_crop_box_is_the_page_and_what_lies_outside_is_not_seen(tmp_path: Path) -> None:
    content = f"BT /F1 10 Tf 150 250 Td {gbk('里面')} Tj ET BT /F1 10 Tf 20 20 Td {gbk('外面')} Tj ET"
    (word,) = words_of(tmp_path, made(content, crop=[100, 100, 500, 300]))
    assert word.text == "里面"
    assert word.place.left == pytest.approx(50 / 400, abs=0.003)


def test_invisible_and_transparent_text_beside_visible_text_is_not_read(tmp_path: Path) -> None:
    seen = " ".join(f"BT /F1 10 Tf 60 {300 - 20 * n} Td {gbk('看得见的文字')} Tj ET" for n in range(3))
    hidden = f"BT 3 Tr /F1 10 Tf 300 300 Td {gbk('隐藏')} Tj ET"
    clear = f"q /Clear gs BT 0 Tr /F1 10 Tf 300 200 Td {gbk('透明')} Tj ET Q"
    small = f"BT 0 Tr /F1 0.1 Tf 300 100 Td {gbk('太小')} Tj ET"
    assert set(texts(words_of(tmp_path, made(f"{seen} {hidden} {clear} {small}")))) == {"看得见的文字"}


def test_invisible_text_that_is_all_there_is_counts_as_recognised_by_others(tmp_path: Path) -> None:
    (word,) = words_of(tmp_path, made(f"BT 3 Tr /F1 10 Tf 60 300 Td {gbk('扫描件的文字')} Tj ET"))
    assert word.text == "扫描件的文字"
    assert word.confidence < 1


def test_bold_by_printing_twice_is_one_word(tmp_path: Path) -> None:
    twice = "".join(f"BT /F1 10 Tf {60 + shift} 300 Td {gbk('价税合计')} Tj ET " for shift in (0, 0.4))
    letters = "".join(
        f"BT /F1 10 Tf {60 + 10 * n + shift} 200 Td {gbk(one)} Tj ET "
        for n, one in enumerate("发票")
        for shift in (0, 0.4)
    )
    assert texts(words_of(tmp_path, made(twice + letters))) == ["价税合计", "发票"]


def test_gaps_part_words_and_touching_pieces_are_one(tmp_path: Path) -> None:
    content = (
        f"BT /F1 10 Tf 60 300 Td {gbk('名')} Tj 30 0 Td {gbk('称')} Tj ET "
        f"BT /F1 10 Tf 60 200 Td {gbk('开票')} Tj ET BT /F1 10 Tf 80 200 Td {gbk('日期')} Tj ET "
        "BT /F2 10 Tf 60 100 Td (Invoice No.) Tj ET"
    )
    assert texts(words_of(tmp_path, made(content))) == ["名", "称", "开票日期", "Invoice", "No."]


def test_slanted_watermark_is_one_word_of_its_own(tmp_path: Path) -> None:
    upright = f"BT /F1 10 Tf 60 300 Td {gbk('合同')} Tj ET"
    slanted = f"BT 0.7 0.7 -0.7 0.7 60 250 Tm /F1 20 Tf {gbk('机密文件')} Tj ET"
    assert texts(words_of(tmp_path, made(f"{upright} {slanted}"))) == ["合同", "机密文件"]


def test_more_text_than_is_kept_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_words, "MOST_TEXT", 50)
    content = " ".join(f"BT /F2 10 Tf 20 {390 - 10 * n} Td (abcdefghij) Tj ET" for n in range(30))
    assert sum(len(text) for text in texts(words_of(tmp_path, made(content)))) <= 50


def test_later_pages_of_a_long_file_give_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_words, "MOST_EXACT", 10)
    path = tmp_path / "file.pdf"
    path.write_bytes(samples.typeset(("第一页 one two three four", "第二页 云杉测试科技有限公司")))
    first, second = pdf_words.words(path)
    assert len(first) > 1
    assert texts(second) == ["第二页 云杉测试科技有限公司"]
    assert 0 < second[0].place.left < second[0].place.right < 1


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(b"%PDF-1.7\nnothing of the kind")
    with pytest.raises(FileBroken):
        pdf_words.words(path)


def test_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    page = Drawing(600, 400)
    for n in range(12):
        page.write(30, 40 + 14 * n, f"左栏第{n:02}行的文字一直写到栏的边上为止", 12)
        page.write(320, 40 + 14 * n, f"右栏第{n:02}行的文字一直写到栏的边上为止", 12)
    lines = plain(words_of(tmp_path, invoice_pdfs.pdf([page], Look(by_hand=True)))).splitlines()
    assert [line[:5] for line in lines] == [f"左栏第{n:02}" for n in range(12)] + [
        f"右栏第{n:02}" for n in range(12)
    ]


def test_rows_of_a_table_stay_lines(tmp_path: Path) -> None:
    page = Drawing(600, 400)
    for n in range(12):
        page.write(30, 40 + 14 * n, f"项目{n:02}", 12)
        page.write(320, 40 + 14 * n, f"{n}.00", 12)
    lines = plain(words_of(tmp_path, invoice_pdfs.pdf([page], Look(by_hand=True)))).splitlines()
    assert lines == [f"项目{n:02} {n}.00" for n in range(12)]
