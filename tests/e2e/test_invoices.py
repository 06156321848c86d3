"""Invoices in the browser: uploaded, read, put right, checked, and what was tampered with kept out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e import papers
from tests.e2e.conftest import Desk
from tests.ingest import samples
from tests.ingest.invoice_forms import drawings
from tests.ingest.invoices.builder import InvoiceSpec

Sit = Callable[..., Desk]
pytestmark = pytest.mark.browser


def row(desk: Desk, name: str) -> Locator:
    return desk.page.locator("#upload-list > li", has_text=name)


def test_each_file_of_an_upload_has_its_own_outcome_in_words(desk: Sit) -> None:
    person = desk("lina")
    inside = {"内/一.xml": papers.as_xml(papers.spec(31)), "二.pdf": papers.as_pdf(papers.spec(32))}
    one, two = papers.spec(33), papers.spec(34)
    files = (
        ("甲.pdf", papers.as_pdf(one)),
        ("乙.ofd", papers.as_ofd(two)),
        ("丙.xml", papers.as_xml(papers.spec(35))),
        ("丁.jpg", papers.photo(3)),
        ("戊.zip", papers.zipped(inside)),
        ("己.pdf", b"%PDF-1.7\nnothing more"),
        ("庚.exe", b"MZ\x90\x00" + b"\0" * 99),
    )
    person.open("/uploads?kind=invoice")
    person.choose("#choose-files", *files)
    for name in ("甲", "乙", "丙", "丁", "戊"):
        expect(row(person, f"{name}.")).to_contain_text("可使用", timeout=90_000)
    expect(row(person, "甲.pdf")).to_contain_text(one.seller.name)
    expect(row(person, "乙.ofd")).to_contain_text(f"¥{two.total:,.2f}")
    expect(row(person, "丁.jpg")).to_contain_text("文字由识别得到，请核对")
    expect(row(person, "戊.zip")).to_contain_text("其中有 2 个文件")
    expect(row(person, "己.pdf")).to_contain_text("未接收")
    expect(row(person, "己.pdf")).to_contain_text("可能没有传输完整")
    expect(row(person, "庚.exe")).to_contain_text("未接收")
    expect(person.page.locator("[data-upload-progress]")).to_have_text("已完成 7 / 7 · 其中 2 个未接收")
    row(person, "戊.zip").get_by_role("link", name="其中有 2 个文件").click()
    expect(person.page.locator(".members li", has_text="二.pdf")).to_contain_text("可使用", timeout=90_000)
    assert all("422" in problem for problem in person.problems), person.problems  # what the browser logs


def test_a_file_is_dropped_on_the_page(desk: Sit) -> None:
    person = desk("lina")
    person.open("/uploads?kind=attachment")
    drop = """(zone, text) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(text), one => one.charCodeAt(0))], "落下.pdf"));
        for (const name of ["dragenter", "dragover", "drop"])
            zone.dispatchEvent(new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    person.page.locator("[data-drop]").evaluate(drop, papers.as_text(papers.small_pdf(7001)))
    expect(row(person, "落下.pdf")).to_contain_text("可使用", timeout=90_000)
    assert person.problems == []


def test_a_phone_takes_a_picture_and_shows_the_row_in_words(desk: Sit) -> None:
    person = desk("lina", 390, has_touch=True)
    person.open("/uploads?kind=attachment")
    camera = person.page.locator("#camera-files")
    assert camera.get_attribute("capture") == "environment"
    expect(person.page.get_by_text("拍照")).to_be_visible()
    person.choose("#camera-files", ("IMG_0001.jpg", samples.picture(form="JPEG")))
    expect(row(person, "IMG_0001.jpg")).to_contain_text("可使用", timeout=90_000)
    icon = person.page.locator(".bottombar a").nth(0).locator(".icon").bounding_box()
    badge = desk("zhangwei", 390).page.locator(".bottombar .nav-count").first
    box = badge.bounding_box()
    assert icon is not None and box is not None
    assert box["x"] >= icon["x"] + icon["width"] * 0.6  # beside the icon, not over it


def test_a_hundred_files_at_once_are_all_done(desk: Sit) -> None:
    person = desk("huanglin")
    person.open("/uploads?kind=attachment")
    person.choose("#choose-files", *((f"附件{n:03}.pdf", papers.small_pdf(n)) for n in range(100)))
    told = person.page.locator("[data-upload-progress]")
    expect(told).to_have_text(re.compile(r"^已完成 [1-9]\d? / 100$"), timeout=90_000)
    expect(told).to_have_text("已完成 100 / 100", timeout=180_000)
    expect(person.page.locator("#upload-list > [data-state=ready]")).to_have_count(100)
    assert person.problems == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_field_shows_where_on_the_page_it_was_read(desk: Sit, width: int) -> None:
    person = desk("lina", width)
    spec = papers.spec(40 + width)
    (document,) = person.upload(("悬停.pdf", papers.as_pdf(spec)))
    person.open(f"/documents/{document}")
    page = person.page
    shown_by = ".viewer-pages" if width > 1000 else ".page-pictures"  # drawn by pdf.js where there is room
    sheet = page.locator(f"#reading {shown_by} [data-number='1']")
    expect(sheet.locator("canvas, img")).to_be_visible(timeout=15_000)
    for field, text in (("seller_name", spec.seller.name), ("buyer_tax_id", spec.buyer.tax_id)):
        page.locator(f"#field-{field} .field-name").hover()
        mark = page.locator("#reading .mark")
        expect(mark).to_be_visible()
        page.wait_for_timeout(250)  # it glides there
        at, on = mark.bounding_box(), sheet.bounding_box()
        assert at is not None and on is not None
        x, y = place_of(spec, text)
        assert at["x"] < on["x"] + x * on["width"] < at["x"] + at["width"], field
        assert at["y"] - 4 < on["y"] + y * on["height"] < at["y"] + at["height"] + 4, field
        assert at["width"] < on["width"] / 2 and at["height"] < on["height"] / 8
    page.locator("h1").hover()
    expect(mark).to_be_hidden()
    assert person.problems == []


def place_of(spec: InvoiceSpec, text: str) -> tuple[float, float]:
    """The middle of a text of the drawing, in parts of its page."""
    (page,) = drawings(spec)
    (found,) = [one for one in page.texts if text in one.text]
    before = replace(found, x=found.left, align="left", text=found.text[: found.text.index(text)])
    own = replace(before, text=text)
    return (found.left + before.width + own.width / 2) / page.width, (found.y - found.size / 3) / page.height


def test_a_field_is_put_right_and_what_was_read_stays_beside_it(desk: Sit) -> None:
    person = desk("lina")
    spec = papers.spec(51)
    (document,) = person.upload(("更正.pdf", papers.as_pdf(spec)))
    person.open(f"/documents/{document}")
    seller = person.page.locator("#field-seller_name")
    seller.locator(".field-value").fill("更正后的销售方有限公司")
    seller.locator(".field-value").press("Enter")
    expect(seller.locator(".field-before")).to_have_text(f"李娜 已更正，原读取为“{spec.seller.name}”")
    expect(seller.locator(".field-value")).to_have_value("更正后的销售方有限公司")

    day = person.page.locator("#field-issue_date")
    day.locator(".field-value").fill("前天")
    day.locator(".field-value").press("Enter")
    expect(day.locator(".field-error")).to_be_visible()
    expect(day.locator(".field-value")).to_have_value("前天")  # nothing that was typed is lost
    expect(person.page.locator("h1")).to_have_text("更正.pdf")


def test_another_file_of_an_invoice_is_linked_and_so_is_the_same_file_again(desk: Sit) -> None:
    person = desk("lina")
    spec = papers.spec(52)
    (first,) = person.upload(("原件.xml", papers.as_xml(spec)))
    (second,) = person.upload(("同票.pdf", papers.as_pdf(spec)))
    expect(row(person, "同票.pdf").locator(f"a[href='/documents/{first}']")).to_have_text("原件.xml")
    row(person, "同票.pdf").locator(f"a[href='/documents/{first}']").click()
    expect(person.page.locator(f"main a[href='/documents/{second}']")).to_have_text("同票.pdf")

    plain = papers.small_pdf(7002)
    (before,) = person.upload(("说明.pdf", plain), kind="attachment")
    person.upload(("说明又一份.pdf", plain), kind="attachment")
    again = row(person, "说明又一份.pdf")
    expect(again).to_contain_text("相同内容的文件已经上传过")
    expect(again.get_by_role("link", name="查看先前的文件")).to_have_attribute("href", f"/documents/{before}")


def test_what_the_tax_platform_said_is_kept_with_its_screenshot(desk: Sit) -> None:
    person = desk("lina")
    (document,) = person.upload(("查验.pdf", papers.as_pdf(papers.spec(53))))
    page = person.page
    person.open(f"/documents/{document}")
    page.get_by_text("录入查验平台的结果").click()
    page.select_option("#check-outcome", "voided")
    page.fill("#check-remark", "已于昨日作废")
    person.choose("#check-shot", ("截图.png", b"\x89PNG\r\n\x1a\n broken"))
    page.get_by_role("button", name="保存结果").click()
    checks = page.locator("section[aria-labelledby=checks]")
    expect(checks.locator(".field-error")).to_be_visible()
    expect(page.locator("#check-outcome")).to_have_value("voided")
    expect(page.locator("#check-remark")).to_have_value("已于昨日作废")

    person.choose("#check-shot", ("截图.png", samples.picture()))
    page.get_by_role("button", name="保存结果").click()
    expect(checks.locator(".status", has_text="已作废")).to_be_visible()
    expect(checks).to_contain_text("已于昨日作废")
    expect(checks).to_contain_text("今日还可查验 4 次")
    checks.get_by_role("link", name="截图").click()
    expect(page.locator("h1")).to_have_text("截图.png")


def test_tampered_papers_are_red_and_stay_out_of_claims_until_finance_lets_them_in(desk: Sit) -> None:
    person, finance = desk("lina"), desk("liumin")
    spec = papers.spec(54)
    pdf = papers.tampered_pdf(papers.spec(55))
    document, _pdf = person.upload(("被改.ofd", papers.tampered_ofd(spec)), ("改过的.pdf", pdf))
    expect(row(person, "改过的.pdf").locator(".status-red")).to_have_text("签名失效")
    expect(row(person, "被改.ofd").locator(".status-red")).to_have_text("签名失效")
    claim(person, document)
    expect(person.page.locator("#field-invoices")).to_contain_text("“被改.ofd”的签名或印章已失效")

    person.open(f"/documents/{document}")
    expect(person.page.locator(".alert-danger")).to_contain_text("签名之后文件被改动过")
    expect(person.page.locator(".card-broken .status-red").first).to_be_visible()
    person.page.get_by_role("button", name="请财务查看并放行").click()
    expect(person.page.locator(".alert-success")).to_have_text("已通知财务，财务现在可以查看。")

    finance.open("/")
    expect(finance.page.locator("main")).to_contain_text("被改.ofd")
    finance.open("/invoices")
    finance.page.locator("main .alert a").click()
    finance.page.locator(f"a.document-title[href='/documents/{document}']").click()
    finance.page.fill("#override-reason", "   ")
    finance.page.get_by_role("button", name="放行，允许报销").click()
    expect(finance.page.locator("#override .field-error")).to_be_visible()
    finance.page.fill("#override-reason", "销售方已书面确认")
    finance.page.get_by_role("button", name="放行，允许报销").click()
    expect(finance.page.locator("main")).to_contain_text("刘敏 已放行：销售方已书面确认")
    claim(person, document)
    person.page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))


def claim(person: Desk, document: str) -> None:
    """Claim one invoice as travel."""
    person.open(f"/apply/reimbursement?documents={document}")
    person.page.fill("[name=purpose]", "客户拜访")
    person.page.select_option(f"[name='invoices.{document}.category']", "travel")
    person.page.click("button[name=action][value=submit]")
