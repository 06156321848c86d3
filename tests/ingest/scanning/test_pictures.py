"""Pictures of every kind are read, bounded, and stored without loss where they can be."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from ingest import scanning
from ingest.errors import FileBroken, FileRefused, FileTruncated, ImageTooLarge, TooManyPages
from ingest.scanning import converting, pictures
from tests.ingest import samples
from tests.ingest.scanning.sheets import converted, drawn, said, sheet, stored
from tests.verapdf import violations

SIZE = (620, 877)


def checked(data: bytes, folder: Path) -> int:
    source = folder / "source"
    source.write_bytes(data)
    pages: int = scanning.check(source)["pages"]
    return pages


def sheet_in(mode: str) -> Image.Image:
    image = sheet().resize(SIZE)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.float32) / 255)
    return image.convert(mode)


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        ("1", "group3"),
        ("1", "group4"),
        ("1", None),
        ("L", "tiff_lzw"),
        ("RGB", "tiff_lzw"),
        ("RGB", "jpeg"),
        ("RGB", "tiff_adobe_deflate"),
        ("CMYK", "tiff_lzw"),
        ("P", "packbits"),
        ("RGBA", None),
        ("I;16", None),
        ("F", None),
        ("LAB", None),
    ],
)
def test_tiff_of_every_kind_looks_as_it_did(mode: str, compression: str | None, tmp_path: Path) -> None:
    image = sheet_in("RGB") if mode == "LAB" else sheet_in(mode)
    if mode == "LAB":
        lab = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert lab is not None
        image = lab
    made = converted(stored(image, "TIFF", compression=compression), tmp_path)
    assert made.pdf is not None
    shown = drawn(made.pdf, width=SIZE[0]).astype(int)[:870]
    wanted = np.asarray(sheet().resize(SIZE).convert("L")).astype(int)[:870]
    assert shown.shape == wanted.shape
    assert np.abs(shown - wanted).mean() < 8
    assert violations(made.pdf) == []


def test_tiff_of_several_pages_keeps_them_all(tmp_path: Path) -> None:
    pages = [sheet(lines=(f"第{number}页 测试文件",)).convert("1") for number in (1, 2, 3)]
    data = stored(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    assert checked(data, tmp_path) == 3
    made = converted(data, tmp_path)
    assert made.pages is not None and len(made.pages) == 3
    assert [said(made, page) for page in range(3)] == [f"第{number}页测试文件" for number in (1, 2, 3)]
    assert [word.place.page for page in made.pages for word in page][0::1][-1] == 3


def test_tiff_with_pages_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_FRAMES", 3)
    pages = [Image.new("1", (20, 20)) for _ in range(5)]
    data = stored(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    with pytest.raises(TooManyPages):
        checked(data, tmp_path)


def test_beyond_the_limit_pages_stay_pictures_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "MOST_RECOGNISED", 1)
    pages = [sheet(lines=("测试文件",)).convert("1") for _ in range(3)]
    data = stored(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    made = converted(data, tmp_path)
    assert made.pages is not None and [bool(page) for page in made.pages] == [True, False, False]
    assert made.findings == [{"code": "recognition-stopped"}]


@pytest.mark.parametrize("form", ["HEIF", "AVIF", "WEBP", "JPEG", "PNG"])
def test_phone_formats_become_pdf_with_their_text(form: str, tmp_path: Path) -> None:
    data = stored(sheet(), form)
    assert checked(data, tmp_path) == 1
    made = converted(data, tmp_path)
    assert "HT-2026-0815" in said(made) and "云杉测试科技有限公司" in said(made)
    assert made.standard == "2b" and made.pages_are_recognised


def test_heic_that_is_turned_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = stored(sheet().transpose(Image.Transpose.ROTATE_90), "HEIF", exif=exif.tobytes())
    made = converted(data, tmp_path)
    assert "HT-2026-0815" in said(made)
    assert made.pdf is not None
    shown = drawn(made.pdf)
    assert shown.shape[0] > shown.shape[1] and shown[: len(shown) // 3].min() < 90


def test_animated_webp_gives_its_first_frame(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (300, 200), "red"), Image.new("RGB", (300, 200), "blue")
    data = stored(first, "WEBP", save_all=True, append_images=[second], duration=100, lossless=True)
    made = converted(data, tmp_path)
    assert made.pdf is not None and made.pages is not None and len(made.pages) == 1
    assert drawn(made.pdf)[350, 500] == pytest.approx(76, abs=4)  # the grey of red; blue has 29


@pytest.mark.parametrize("form", ["TIFF", "WEBP", "HEIF", "AVIF"])
def test_cut_pictures_are_called_truncated(form: str, tmp_path: Path) -> None:
    noise = Image.effect_noise((500, 400), 90).convert("RGB")
    data = stored(noise, form)
    with pytest.raises(FileTruncated):
        checked(data[: len(data) * 6 // 10], tmp_path)


def bombs() -> dict[str, bytes]:
    entries = [(256, 4, 60_000), (257, 4, 60_000), (258, 3, 8), (259, 3, 5), (262, 3, 1), (273, 4, 200)]
    entries += [(277, 3, 1), (278, 4, 60_000), (279, 4, 10)]
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<H", len(entries))
    tiff += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    webp = b"VP8L" + struct.pack("<I", 10) + b"\x2f" + struct.pack("<I", 16382 | (16382 << 14)) + bytes(5)
    return {
        "png": samples.image_bomb(),
        "tiff": tiff + bytes(400),
        "webp": b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp,
    }


@pytest.mark.parametrize("form", ["png", "tiff", "webp"])
def test_bomb_is_refused_by_its_header(form: str, tmp_path: Path) -> None:
    with pytest.raises(ImageTooLarge):
        checked(bombs()[form], tmp_path)


def test_second_page_of_a_tiff_may_be_no_bomb_either(tmp_path: Path) -> None:
    small, large = Image.new("1", (50, 50)), Image.new("1", (20_000, 10_000))
    with pytest.raises(ImageTooLarge):
        checked(stored(small, "TIFF", save_all=True, append_images=[large], compression="group4"), tmp_path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("turns", range(4))
def test_orientations_and_turns_go_together(orientation: int, turns: int) -> None:
    from ingest.scanning.picture_pdf import orientation_after

    pixels = Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4))
    shown = np.rot90(np.asarray(pictures.upright(pixels, orientation)), -turns)
    at_once = np.asarray(pictures.upright(pixels, orientation_after(orientation, turns)))
    assert np.array_equal(shown, at_once)


def test_jpeg_in_another_colour_space_keeps_bytes_and_profile(tmp_path: Path) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace("sRGB".encode("utf-16-be"), "Wide".encode("utf-16-be"))
    data = stored(sheet(), "JPEG", icc_profile=bytes(profile))
    made = converted(data, tmp_path)
    assert made.pdf is not None
    with pikepdf.open(made.pdf) as pdf:
        picture = pdf.pages[0].Resources.XObject.Picture
        assert picture.read_raw_bytes() == data
        assert picture.ColorSpace[0] == "/ICCBased"
    assert violations(made.pdf) == []


def test_cmyk_jpeg_is_brought_to_srgb(tmp_path: Path) -> None:
    made = converted(stored(sheet().convert("CMYK"), "JPEG"), tmp_path)
    assert made.pdf is not None
    assert drawn(made.pdf)[20:60, 20:60].mean() > 240
    assert violations(made.pdf) == []


def test_same_picture_gives_the_same_bytes(tmp_path: Path) -> None:
    data = stored(sheet(), "PNG")
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pdf = converted(data, tmp_path / name).pdf
        assert pdf is not None
        made.append(pdf.read_bytes())
    assert made[0] == made[1]


SEEDS = {
    form: stored(Image.effect_noise((60, 40), 60).convert("RGB"), form)
    for form in ("TIFF", "WEBP", "HEIF", "AVIF", "JPEG", "PNG")
}
SEEDS["G4"] = stored(Image.effect_noise((60, 40), 60).convert("1"), "TIFF", compression="group4")


@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.integers(0, 10**5), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 80),
)
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_pictures_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, form: str, edits: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(SEEDS[form])
    for at, piece in edits:
        start = at % len(data)
        data[start : start + len(piece)] = piece
    try:
        checked(bytes(data[: len(data) - len(data) * cut // 100]), tmp_path_factory.getbasetemp())
    except FileRefused as error:
        assert error.code in ("file-broken", "file-truncated", "image-too-large", "too-many-pages")


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for start in (b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"II*\0", b"RIFF\x20\0\0\0WEBP"):
        with pytest.raises(FileRefused):
            checked(start + b"no picture" * 50, tmp_path)
    out = io.BytesIO()
    Image.new("RGB", (10, 10)).save(out, "GIF")
    with pytest.raises(FileBroken):
        checked(out.getvalue(), tmp_path)
