"""The life of seals in a real browser, at a desk and on a phone: applied for while it is seen, from a scan
too, decided by the second person, taken over, suspended."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Desk
from tests.signing.pictures import encoded, on_paper

Sit = Callable[..., Desk]
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
SHOTS = os.environ.get("VERMILION_SHOTS")


def shot(desk: Desk, name: str) -> None:
    if SHOTS:
        desk.page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def fits(desk: Desk, width: int) -> None:
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width, desk.page.url
    assert desk.problems == []


def picture_of(page: Page) -> Image.Image:
    """The preview as it is drawn on the screen, once it is there.

    Carets stay: hiding them writes styles on fields, which the page's policy forbids htmx to copy.
    """
    image = page.locator("#seal-preview img")
    expect(image).to_be_visible()
    page.wait_for_function(
        "() => { const one = document.querySelector('#seal-preview img');"
        " return one && one.complete && one.naturalWidth > 0; }"
    )
    return Image.open(io.BytesIO(image.screenshot(caret="initial"))).convert("RGB")


def redness(image: Image.Image) -> float:
    """Share of pixels that are of a seal's red."""
    pixels = list(zip(*(channel.tobytes() for channel in image.split()), strict=True))
    return sum(r > 150 and g < 110 and b < 120 for r, g, b in pixels) / len(pixels)


def fill(page: Page, name: str, kind: str) -> None:
    page.select_option("#kind", kind)
    page.fill("#name", name)
    page.select_option("#keeper", label="孙丽")
    page.select_option("#auditor", label="郑洁")
    page.fill("#reason", "投标需要单独的印章")


def decide(desk: Desk, change: str, button: str) -> None:
    desk.open(change)
    desk.page.click(f"#decide-card button[value={button}]")
    desk.page.wait_for_url(re.compile(f"after={button}"))


def the_change(page: Page) -> str:
    page.wait_for_url(re.compile(r"/seals/changes/[0-9a-f-]{36}\?after=asked"))
    found = re.search(r"/seals/changes/[0-9a-f-]{36}", page.url)
    assert found is not None
    return found[0]


def test_a_seal_is_applied_for_while_it_is_seen_and_made_by_three_people(desk: Sit) -> None:
    asker = desk("gaoyuan")
    page = asker.page
    asker.open("/seals/new")
    official = redness(picture_of(page))
    fill(page, "投标专用章", "free")
    expect(page.locator("#seal-preview")).to_contain_text(
        "五角星下方的文字"
    )  # nothing to draw without its line
    page.fill("#inscription", "投标专用章")
    expect(page.locator("#seal-preview img")).to_be_visible()
    assert 0.05 < redness(picture_of(page)) != official
    page.select_option("#kind", "legal_representative")
    expect(page.locator("#height")).to_be_visible()
    assert page.input_value("#inscription") == "投标专用章"  # what was typed stays
    page.select_option("#kind", "free")
    expect(page.locator("#height")).to_have_count(0)
    shot(asker, "seal-new")
    fits(asker, 1280)
    page.click("button[value=apply]")
    change = the_change(page)
    expect(page.locator("button[value=agree]")).to_have_count(0)
    shot(asker, "seal-change-asker")

    second = desk("zhouyang", 390)
    second.open("/")
    second.page.click(f"a[href='{change}']")  # the notice leads to where it is decided
    shot(second, "seal-change-phone")
    fits(second, 390)
    decide(second, change, "agree")
    shot(second, "seal-change-agreed-phone")

    keeper = desk("sunli", 390)
    keeper.open("/seals")
    keeper.page.get_by_role("link", name=re.compile("处理")).first.click()
    shot(keeper, "seal-takeover-phone")
    keeper.page.click("#decide-card button[value=agree]")
    keeper.page.wait_for_url(re.compile("after=agree"))
    keeper.open("/seals")
    card = keeper.page.locator(".seal-card", has_text="投标专用章")
    expect(card).to_contain_text("使用中")
    shot(keeper, "seals-phone")
    fits(keeper, 390)


def test_a_phone_photo_of_a_print_becomes_the_seal_that_was_shown(desk: Sit) -> None:
    photo = encoded(on_paper(dpi=330, shade=0.35, lines=True, noise=0.012), "JPEG", quality=85)
    small = encoded(on_paper(dpi=150), "JPEG", quality=90)
    asker = desk("gaoyuan", 390)
    page = asker.page
    asker.open("/seals/new")
    fill(page, "合同专用章二", "contract")
    page.check("[name=source][value=scan]")
    expect(page.locator("#file")).to_be_visible()
    asker.choose("#file", ("小图.jpg", small))
    expect(page.locator("#error-scan")).to_contain_text("300 dpi", timeout=15_000)
    shot(asker, "seal-scan-coarse-phone")
    asker.choose("#file", ("印迹.jpg", photo))
    expect(page.locator(".scan-found")).to_be_visible(timeout=15_000)
    expect(page.locator("#error-scan")).to_have_count(0)
    seen = picture_of(page)
    assert 0.04 < redness(seen) < 0.3
    corner = seen.getpixel((4, 4))
    assert isinstance(corner, tuple) and min(corner) > 240  # the paper is gone
    shot(asker, "seal-scan-phone")
    fits(asker, 390)
    page.click("button[value=apply]")
    change = the_change(page)

    second = desk("zhouyang")
    second.open(change)
    image = second.page.locator(".seal-preview img")
    expect(image).to_be_visible()
    shot(second, "seal-change-scan")
    assert redness(Image.open(io.BytesIO(image.screenshot(caret="initial"))).convert("RGB")) > 0.03
    decide(second, change, "refuse")
    expect(second.page.locator(".status-red", has_text="已拒绝").first).to_be_visible()
    fits(second, 1280)


def test_a_seal_rests_and_is_used_again_by_two_each(desk: Sit) -> None:
    asker, second = desk("gaoyuan"), desk("zhouyang")
    asker.open("/seals")
    shot(asker, "seals")
    asker.page.locator(".seal-card", has_text="财务专用章").locator("a").first.click()
    shot(asker, "seal")
    for kind, state in (("suspend", "已停用"), ("resume", "使用中")):
        asker.page.click(f"a[href*='kind={kind}']")
        shot(asker, f"seal-ask-{kind}")
        asker.page.fill("#reason", "年度盘点")
        asker.page.click("main button.btn-primary")
        change = the_change(asker.page)
        decide(second, change, "agree")
        asker.page.locator(".breadcrumb a", has_text="财务专用章").click()
        expect(asker.page.locator(".page-heading .status")).to_contain_text(state)
    expect(asker.page.locator(".change-row")).to_have_count(4)
    shot(asker, "seal-history")
    fits(asker, 1280)
    fits(second, 1280)
