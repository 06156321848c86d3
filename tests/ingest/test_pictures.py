"""Page pictures: drawn once, kept in the cache, never wider than allowed."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest
from PIL import Image

from tests.ingest import samples
from tests.ingest.conftest import Desk


def test_picture_of_a_page_has_the_page_s_shape(desk: Desk) -> None:
    received = desk.receive(samples.typeset())
    image = Image.open(io.BytesIO(desk.ingest.page_picture(received.digest, 2, 800)))
    assert image.format == "PNG"
    assert image.width == pytest.approx(800, abs=1)
    assert image.height == pytest.approx(800 * 842 / 595, abs=3)


@pytest.mark.parametrize("asked", [-5, 0, 1, 300, 10**9])
def test_any_width_gives_a_bounded_picture(desk: Desk, asked: int) -> None:
    received = desk.receive(samples.typeset())
    image = Image.open(io.BytesIO(desk.ingest.page_picture(received.digest, 1, asked)))
    assert 100 <= image.width <= 1601


def test_extreme_pages_give_bounded_pictures(desk: Desk) -> None:
    for size in ((3, 14_400), (14_400, 3), (0.5, 0.5)):
        document = samples.plain(0)
        document.add_blank_page(page_size=(100, 100))
        document.pages[0].MediaBox = [0, 0, *size]
        received = desk.receive(samples.saved(document))
        image = Image.open(io.BytesIO(desk.ingest.page_picture(received.digest, 1, 1600)))
        assert image.width <= 6401 and image.height <= 6401


def test_second_look_comes_from_the_cache(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    received = desk.receive(samples.typeset())
    first = desk.ingest.page_picture(received.digest, 1, 400)

    def fail(*_: object, **__: object) -> dict[str, Any]:
        raise AssertionError("drawn again")

    monkeypatch.setattr(desk.sandbox, "run", fail)
    assert desk.ingest.page_picture(received.digest, 1, 400) == first


def test_many_readers_at_once_get_the_same_picture(desk: Desk) -> None:
    received = desk.receive(samples.typeset())
    pictures: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: pictures.append(desk.ingest.page_picture(received.digest, 1, 160)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 6 and len(set(pictures)) == 1
    assert list((desk.runtime.settings.home / "staging").iterdir()) == []
