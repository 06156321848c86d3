# ruff: noqa: E501
"""What is drawn, judged by the picture of it and by the PDF's text."""

from __future__ import annotations

import io
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from ingest.conversion import Converted
from ingest.ofd.convert import convert
from tests import verapdf
from tests.ingest.invoices.builder import InvoiceSpec, Kind
from tests.ingest.ofd import builder
from tests.ingest.ofd.builder import Maker, PageSpec

_SQUARE = "M 0 0 L 40 0 L 40 40 L 0 40 C"
_WHITE = (255, 255, 255)


def made(data: bytes, folder: Path) -> Converted:
    source = folder / "source"
    source.write_bytes(data)
    return convert(source, folder)


def seen(converted: Converted, page: int = 0) -> Image.Image:
    """The page with four pixels to the millimetre."""
    document = pypdfium2.PdfDocument(converted.pdf)
    try:
        return document[page].render(scale=4 * 25.4 / 72).to_pil().convert("RGB")
    finally:
        document.close()


def text_of(converted: Converted, page: int = 0) -> str:
    document = pypdfium2.PdfDocument(converted.pdf)
    try:
        return str(document[page].get_textpage().get_text_range())
    finally:
        document.close()


def at(picture: Image.Image, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place in millimetres."""
    found = picture.getpixel((round(x * 4), round(y * 4)))
    assert isinstance(found, tuple)
    return found


def near(one: tuple[int, ...], other: tuple[int, ...], slack: int = 12) -> bool:
    return all(abs(a - b) <= slack for a, b in zip(one, other, strict=True))


def page_with(maker: Maker, *objects: str, **page: object) -> bytes:
    maker.pages.append(PageSpec(body=list(objects), **page))  # type: ignore[arg-type]
    return maker.bytes()


def filled(value: str, extra: str = "", inner: str = "") -> str:
    written = f'Value="{value}"' if value else ""
    return f"<ofd:FillColor {written} {extra}>{inner}</ofd:FillColor>"


def square(maker: Maker, x: float, y: float, fill: str, attributes: str = 'Stroke="false"') -> str:
    return maker.path((x, y, 40, 40), _SQUARE, f'Fill="true" {attributes}', fill)


def test_colours_of_every_space_are_drawn(tmp_path: Path) -> None:
    maker = Maker()
    palette = maker.add(
        "ColorSpace",
        'Type="RGB"',
        "<ofd:Palette><ofd:CV>1 2 3</ofd:CV><ofd:CV>0 200 0</ofd:CV></ofd:Palette>",
    )
    cmyk = maker.add("ColorSpace", 'Type="CMYK"')
    grey = maker.add("ColorSpace", 'Type="GRAY" BitsPerComponent="4"')
    data = page_with(
        maker,
        square(maker, 10, 10, filled("255 0 0")),
        square(maker, 60, 10, filled("", f'ColorSpace="{palette}" Index="1"')),
        square(maker, 110, 10, filled("255 0 0 0", f'ColorSpace="{cmyk}"')),
        square(maker, 10, 60, filled("8", f'ColorSpace="{grey}"')),
        square(maker, 60, 60, filled("#ff #80 #00")),
        square(maker, 110, 60, filled("0 0 255", 'Alpha="128"')),
    )
    picture = seen(made(data, tmp_path))
    colours = [at(picture, 30, 30), at(picture, 80, 30), at(picture, 130, 30), at(picture, 30, 80)]
    assert colours[:3] == [(255, 0, 0), (0, 200, 0), (0, 255, 255)]
    assert near(colours[3], (136, 136, 136))
    assert at(picture, 80, 80) == (255, 128, 0)
    assert near(at(picture, 130, 80), (127, 127, 255))


def test_a_path_without_a_fill_colour_is_not_filled(tmp_path: Path) -> None:
    maker = Maker()
    data = page_with(maker, maker.path((10, 10, 40, 40), _SQUARE, 'Fill="true" LineWidth="2"'))
    picture = seen(made(data, tmp_path))
    assert at(picture, 30, 30) == _WHITE
    assert at(picture, 10, 30) == (0, 0, 0)


def test_rules_of_filling_differ_inside_a_star(tmp_path: Path) -> None:
    star = "M 20 0 L 32 38 L 0 14 L 40 14 L 8 38 C"
    maker = Maker()
    stars = []
    for x, rule in ((10, "NonZero"), (60, "Even-Odd")):
        attributes = f'Fill="true" Stroke="false" Rule="{rule}"'
        stars.append(maker.path((x, 10, 40, 40), star, attributes, filled("255 0 0")))
    picture = seen(made(page_with(maker, *stars), tmp_path))
    assert at(picture, 30, 30) == (255, 0, 0)
    assert at(picture, 80, 30) == _WHITE


def test_gradients_run_along_their_axis_and_repeat(tmp_path: Path) -> None:
    stops = (
        '<ofd:Segment Position="0"><ofd:Color Value="255 0 0"/></ofd:Segment>'
        '<ofd:Segment Position="1"><ofd:Color Value="0 0 255"/></ofd:Segment>'
    )
    maker = Maker()
    axial = filled("", inner=f'<ofd:AxialShd StartPoint="0 0" EndPoint="40 0">{stops}</ofd:AxialShd>')
    again = filled(
        "", inner=f'<ofd:AxialShd MapType="Repeat" StartPoint="0 0" EndPoint="10 0">{stops}</ofd:AxialShd>'
    )
    radial = filled(
        "",
        inner='<ofd:RadialShd StartPoint="20 20" StartRadius="0" EndPoint="20 20" EndRadius="20">'
        f"{stops}</ofd:RadialShd>",
    )
    data = page_with(
        maker, square(maker, 10, 10, axial), square(maker, 60, 10, again), square(maker, 110, 10, radial)
    )
    picture = seen(made(data, tmp_path))
    assert near(at(picture, 11, 30), (249, 0, 6), 20) and near(at(picture, 49, 30), (6, 0, 249), 20)
    assert near(at(picture, 62, 30), at(picture, 92, 30), 25)
    assert near(at(picture, 130, 30), (255, 0, 0), 20)
    assert at(picture, 111, 11) == _WHITE  # the circle ends, and is not extended


def test_a_gradient_that_fades_lets_the_paper_through(tmp_path: Path) -> None:
    stops = (
        '<ofd:Segment Position="0"><ofd:Color Value="255 0 0"/></ofd:Segment>'
        '<ofd:Segment Position="1"><ofd:Color Value="255 0 0" Alpha="0"/></ofd:Segment>'
    )
    maker = Maker()
    fade = filled("", inner=f'<ofd:AxialShd StartPoint="0 0" EndPoint="40 0">{stops}</ofd:AxialShd>')
    picture = seen(made(page_with(maker, square(maker, 10, 10, fade)), tmp_path))
    assert near(at(picture, 11, 30), (255, 6, 6), 15)
    assert near(at(picture, 30, 30), (255, 127, 127), 15)
    assert near(at(picture, 49, 30), (255, 248, 248), 15)


def test_patterns_repeat_their_cell(tmp_path: Path) -> None:
    maker = Maker()
    cell = maker.path(
        (0, 0, 5, 10), "M 0 0 L 5 0 L 5 10 L 0 10 C", 'Fill="true" Stroke="false"', filled("0 128 0")
    )
    pattern = filled(
        "",
        inner=f'<ofd:Pattern Width="10" Height="10"><ofd:CellContent>{cell}</ofd:CellContent></ofd:Pattern>',
    )
    picture = seen(made(page_with(maker, square(maker, 20, 20, pattern)), tmp_path))
    row = [at(picture, 20 + x, 40) for x in (2.5, 7.5, 12.5, 17.5)]
    assert row == [(0, 128, 0), _WHITE, (0, 128, 0), _WHITE]


def test_pictures_of_all_formats_are_drawn_the_right_way_up(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 40), (0, 0, 255))
    ImageDraw.Draw(picture).rectangle((0, 0, 40, 20), fill=(255, 0, 0))
    maker = Maker()
    objects = []
    for number, (form, ending) in enumerate(
        (("PNG", "png"), ("JPEG", "jpg"), ("BMP", "bmp"), ("GIF", "gif"), ("TIFF", "tif"))
    ):
        out = io.BytesIO()
        picture.save(out, form)
        objects.append(maker.picture(maker.image(out.getvalue(), ending), (5 + 40 * number, 10, 30, 30)))
    converted = made(page_with(maker, *objects), tmp_path)
    shown = seen(converted)
    assert converted.findings == []
    for number in range(5):
        assert near(at(shown, 20 + 40 * number, 15), (255, 0, 0))
        assert near(at(shown, 20 + 40 * number, 35), (0, 0, 255))


def test_a_picture_that_is_broken_costs_only_itself(tmp_path: Path) -> None:
    maker = Maker()
    broken = maker.image(b"\x89PNG\r\n\x1a\nnothing", "png")
    data = page_with(maker, maker.picture(broken, (10, 10, 30, 30)), maker.text(10, 80, "其余照样", 5))
    converted = made(data, tmp_path)
    assert converted.findings == [{"code": "page-incomplete", "page": 1}]
    assert "其余照样" in text_of(converted)


def test_a_mask_cuts_a_picture(tmp_path: Path) -> None:
    maker = Maker()
    out, mask = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (40, 40), (255, 0, 0)).save(out, "JPEG")
    covering = Image.new("1", (40, 40), 0)
    ImageDraw.Draw(covering).rectangle((0, 0, 19, 39), fill=1)
    covering.save(mask, "PNG")
    number = maker.image(mask.getvalue())
    data = page_with(
        maker, maker.picture(maker.image(out.getvalue(), "jpg"), (10, 10, 40, 40), f'ImageMask="{number}"')
    )
    picture = seen(made(data, tmp_path))
    assert near(at(picture, 20, 30), (254, 0, 0)) and at(picture, 40, 30) == _WHITE


def test_units_are_drawn_with_their_matrix_and_opacity(tmp_path: Path) -> None:
    maker = Maker()
    unit = maker.unit(
        20,
        20,
        [
            maker.path(
                (0, 0, 20, 20), "M 0 0 L 20 0 L 20 20 L 0 20 C", 'Fill="true" Stroke="false"', filled("0 0 0")
            )
        ],
    )
    data = page_with(maker, maker.composite(unit, (10, 10, 80, 40), 'CTM="4 0 0 2 0 0" Alpha="128"'))
    picture = seen(made(data, tmp_path))
    assert near(at(picture, 80, 45), (127, 127, 127)) and at(picture, 95, 30) == _WHITE


def test_a_unit_that_holds_itself_ends(tmp_path: Path) -> None:
    maker = Maker()
    number = maker._number + 2
    maker.unit(20, 20, [maker.composite(number, (0, 0, 20, 20)), maker.composite(number, (0, 0, 10, 10))])
    data = page_with(maker, maker.composite(number, (10, 10, 80, 40)), maker.text(10, 80, "在", 5))
    assert "在" in text_of(made(data, tmp_path))


def test_clips_cut_and_what_is_invisible_is_not_drawn(tmp_path: Path) -> None:
    maker = Maker()
    clip = (
        '<ofd:Clips><ofd:Clip><ofd:Area><ofd:Path Boundary="0 0 40 40"><ofd:AbbreviatedData>'
        "M 20 0 L 40 20 L 20 40 L 0 20 C</ofd:AbbreviatedData></ofd:Path></ofd:Area></ofd:Clip></ofd:Clips>"
    )
    data = page_with(
        maker,
        square(maker, 10, 10, clip + filled("255 0 0")),
        square(maker, 60, 10, filled("0 0 0"), 'Visible="false"'),
    )
    picture = seen(made(data, tmp_path))
    assert at(picture, 30, 30) == (255, 0, 0)
    assert at(picture, 12, 12) == at(picture, 80, 30) == _WHITE


def test_draw_params_rest_on_each_other_and_on_the_layer(tmp_path: Path) -> None:
    maker = Maker()
    ground = maker.draw_param('LineWidth="3"', '<ofd:StrokeColor Value="200 0 0"/>')
    above = maker.draw_param(f'Relative="{ground}"', '<ofd:FillColor Value="0 200 0"/>')
    data = page_with(maker, maker.path((10, 10, 40, 40), _SQUARE, 'Fill="true"'), draw_param=above)
    picture = seen(made(data, tmp_path))
    assert at(picture, 30, 30) == (0, 200, 0) and at(picture, 9, 30) == (200, 0, 0)


def test_templates_and_layers_lie_in_their_order(tmp_path: Path) -> None:
    maker = Maker()
    below = maker.template(PageSpec(body=[square(maker, 10, 10, filled("255 0 0"))]))
    above = maker.template(PageSpec(body=[square(maker, 30, 30, filled("0 0 255"))]))
    maker.pages.append(
        PageSpec(
            body=[square(maker, 20, 20, filled("0 255 0"))],
            background=[square(maker, 5, 5, filled("9 9 9"))],
            templates=[(above, "Foreground"), (below, "Background")],
        )
    )
    picture = seen(made(maker.bytes(), tmp_path))
    assert at(picture, 7, 7) == at(picture, 15, 15) == (9, 9, 9)
    assert at(picture, 48, 15) == (255, 0, 0)
    assert at(picture, 25, 25) == (0, 255, 0)
    assert at(picture, 50, 50) == (0, 0, 255)


def test_annotations_are_drawn_over_the_page(tmp_path: Path) -> None:
    maker = Maker()
    note = (
        '<ofd:Annot ID="9001" Type="Highlight"><ofd:Appearance Boundary="20 20 40 40">'
        + square(maker, 0, 0, filled("255 255 0"))
        + "</ofd:Appearance></ofd:Annot>"
    )
    hidden = note.replace('Type="Highlight"', 'Type="Stamp" Visible="false"').replace(
        "20 20 40 40", "100 20 40 40"
    )
    maker.pages.append(PageSpec(body=[square(maker, 10, 10, filled("0 0 0"))], annotations=[note, hidden]))
    picture = seen(made(maker.bytes(), tmp_path))
    assert at(picture, 30, 30) == (255, 255, 0) and at(picture, 110, 30) == _WHITE


@pytest.mark.parametrize(
    "namespace", [("ofd", builder.NAMESPACE), ("", builder.NAMESPACE), ("x", "urn:other"), ("", None)]
)
def test_prefix_and_namespace_do_not_matter(namespace: tuple[str, str | None], tmp_path: Path) -> None:
    maker = Maker(*namespace)
    maker.pages.append(PageSpec(body=[maker.text(20, 20, "命名空间", 5)]))
    assert "命名空间" in text_of(made(maker.bytes(), tmp_path))


def test_glyph_numbers_win_over_the_fonts_own_map(tmp_path: Path) -> None:
    letters = "一二三"
    font = builder.truetype(letters, first=4)
    maker = Maker()
    number = maker.font("Own", font)
    glyph = builder.glyph_number("二", letters, first=4)
    transform = f'<ofd:CGTransform CodePosition="0" CodeCount="1" GlyphCount="1"><ofd:Glyphs>{glyph}</ofd:Glyphs></ofd:CGTransform>'
    swapped = made(page_with(maker, maker.text(20, 40, "一", 30, font=number, inner=transform)), tmp_path)
    assert "一" in text_of(swapped)
    shown = seen(swapped)
    plain = Maker()
    other = made(page_with(plain, plain.text(20, 40, "二", 30, font=plain.font("Own", font))), tmp_path)
    assert seen(other).tobytes() == shown.tobytes()


def test_a_font_without_a_map_draws_by_glyph_numbers_and_stays_text(tmp_path: Path) -> None:
    said = "嵌入字体ABC"
    font = builder.truetype(said, has_map=False, reverse=True, first=7)
    maker = Maker()
    number = maker.font("Own", font)
    transforms = "".join(
        f'<ofd:CGTransform CodePosition="{at_}" CodeCount="1" GlyphCount="1"><ofd:Glyphs>'
        f"{builder.glyph_number(letter, said, first=7, reverse=True)}</ofd:Glyphs></ofd:CGTransform>"
        for at_, letter in enumerate(said)
    )
    converted = made(page_with(maker, maker.text(20, 40, said, 8, font=number, inner=transforms)), tmp_path)
    assert said in text_of(converted)
    with pikepdf.open(converted.pdf) as pdf:
        fonts = list(pdf.pages[0].Resources.Font.values())
        assert len(fonts) == 1 and "/FontFile2" in fonts[0].DescendantFonts[0].FontDescriptor


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x00\x00\x00\xff", b"OTTO" + bytes(40), b"garbage" * 100])
def test_a_broken_font_is_replaced(data: bytes, tmp_path: Path) -> None:
    maker = Maker()
    number = maker.font("宋体", data)
    converted = made(page_with(maker, maker.text(20, 40, "仍可阅读 Abc", 8, font=number)), tmp_path)
    assert "仍可阅读 Abc" in text_of(converted)


def test_letters_of_a_stand_in_keep_to_the_files_places(tmp_path: Path) -> None:
    maker = Maker()
    said = "WWWWiiii-91310000MA1FL8KQ3M"
    number = maker.font("Courier New")
    converted = made(
        page_with(maker, maker.text(20, 40, said, 5, font=number, advances=[2.5] * len(said))), tmp_path
    )
    assert said in text_of(converted)
    document = pypdfium2.PdfDocument(converted.pdf)
    letters = document[0].get_textpage()
    lefts = [letters.get_charbox(index, loose=True)[0] * 25.4 / 72 for index in range(len(said))]
    document.close()
    assert max(abs(left - 20 - 2.5 * index) for index, left in enumerate(lefts)) < 0.1


def test_text_runs_down_and_turned(tmp_path: Path) -> None:
    maker = Maker()
    down = (
        f'<ofd:TextObject ID="70" Boundary="50 10 20 60" Font="{maker.font("宋体")}" Size="10" ReadDirection="90">'
        '<ofd:TextCode X="5" Y="10" DeltaY="g 2 12">竖排字</ofd:TextCode></ofd:TextObject>'
    )
    turned = maker.text(120, 40, "一", 20, attributes='CharDirection="90"', box=(120, 40, 30, 30))
    converted = made(page_with(maker, down, turned), tmp_path)
    shown = seen(converted)
    column = (
        shown.crop((55 * 4, 10 * 4, 66 * 4, 50 * 4)).convert("L").point(lambda value: 255 * (value < 128))
    )
    assert column.getbbox() is not None and column.getbbox()[3] > 30 * 4
    stroke = (
        shown.crop((100 * 4, 30 * 4, 160 * 4, 70 * 4))
        .convert("L")
        .point(lambda value: 255 * (value < 128))
        .getbbox()
    )
    assert stroke is not None and (stroke[3] - stroke[1]) > 4 * (stroke[2] - stroke[0])


def test_bold_is_bolder_and_italic_leans(tmp_path: Path) -> None:
    maker = Maker()
    data = page_with(
        maker,
        maker.text(20, 40, "粗", 20),
        maker.text(60, 40, "粗", 20, attributes='Weight="800"'),
        maker.text(100, 40, "丨", 20, attributes='Italic="true"'),
    )
    shown = seen(made(data, tmp_path)).convert("L")
    light, heavy = (shown.crop((x * 4, 20 * 4, (x + 25) * 4, 45 * 4)).histogram()[0] for x in (18, 58))
    assert heavy > 1.15 * light
    leaning = shown.crop((95 * 4, 15 * 4, 130 * 4, 48 * 4)).point(lambda value: 255 * (value < 128))
    box = leaning.getbbox()
    assert box is not None
    top = leaning.crop((box[0], box[1], box[2], box[1] + 8)).getbbox()
    bottom = leaning.crop((box[0], box[3] - 8, box[2], box[3])).getbbox()
    assert top is not None and bottom is not None and top[0] > bottom[0]


def test_several_documents_of_one_package_follow_each_other(tmp_path: Path) -> None:
    first, second = Maker(), Maker()
    first.pages.append(PageSpec(width=100, height=100, body=[first.text(10, 10, "甲文", 5)]))
    second.pages.append(PageSpec(width=200, height=50, body=[second.text(10, 10, "乙文", 5)]))
    parts = first.parts()
    parts |= {
        path.replace("Doc_0", "Doc_1"): data for path, data in second.parts().items() if path != "OFD.xml"
    }
    root = parts["OFD.xml"].decode()
    body = root[root.index("<ofd:DocBody>") : root.index("</ofd:OFD>")]
    parts["OFD.xml"] = root.replace(body, body + body.replace("Doc_0", "Doc_1")).encode()
    converted = made(builder.zipped(parts), tmp_path)
    assert "甲文" in text_of(converted) and "乙文" in text_of(converted, 1)
    with pikepdf.open(converted.pdf) as pdf:
        assert [round(float(side) * 25.4 / 72) for side in pdf.pages[1].MediaBox] == [0, 0, 200, 50]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_made_is_pdf_a(seed: int, tmp_path: Path) -> None:
    kind = (Kind.ELECTRONIC, Kind.DIGITAL, Kind.RAILWAY, Kind.AIR)[seed]
    converted = made(
        builder.vat_invoice_ofd(InvoiceSpec.random(seed, kind), embedded=seed % 2 == 1), tmp_path
    )
    assert converted.standard == "2b" and converted.pdf is not None
    assert verapdf.violations(converted.pdf) == []


def test_all_kinds_of_drawing_are_pdf_a(tmp_path: Path) -> None:
    maker = Maker()
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 90)).save(out, "PNG")
    fade = (
        '<ofd:AxialShd StartPoint="0 0" EndPoint="40 0"><ofd:Segment><ofd:Color Value="255 0 0"/></ofd:Segment>'
        '<ofd:Segment><ofd:Color Value="255 0 0" Alpha="0"/></ofd:Segment></ofd:AxialShd>'
    )
    cell = maker.text(1, 5, "印", 4)
    pattern = f'<ofd:Pattern Width="6" Height="6" ReflectMethod="RowAndColumn"><ofd:CellContent>{cell}</ofd:CellContent></ofd:Pattern>'
    unit = maker.unit(20, 20, [maker.text(1, 15, "单元", 5)])
    data = page_with(
        maker,
        square(maker, 10, 10, filled("", inner=fade)),
        square(maker, 60, 10, filled("", inner=pattern)),
        maker.picture(maker.image(out.getvalue()), (110, 10, 40, 40), 'Alpha="100"'),
        maker.composite(unit, (10, 60, 40, 40), 'CTM="2 0 0 2 0 0" Alpha="128"'),
        maker.text(60, 80, "缺字\ue123\U0001f600", 8),
        maker.text(60, 95, "粗斜", 8, attributes='Weight="900" Italic="true"'),
    )
    assert verapdf.violations(made(data, tmp_path).pdf or b"") == []
