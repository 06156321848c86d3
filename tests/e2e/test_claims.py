"""Claims and contracts in the browser: the folder, a second claim, a release; copies to sign, two texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from tests.e2e import papers
from tests.e2e.conftest import Desk, Served
from tests.e2e.test_pages import ask

Sit = Callable[..., Desk]
pytestmark = pytest.mark.browser


def test_two_invoices_of_the_folder_are_claimed_once_and_finance_can_undo_it(desk: Sit) -> None:
    person, head, finance = desk("lina"), desk("wangfang"), desk("liumin")
    first, second = papers.spec(61), papers.spec(62)
    ids = person.upload(("餐费.pdf", papers.as_pdf(first)), ("住宿.ofd", papers.as_ofd(second)))
    case = claim_from_folder(person, ids, first.total + second.total)
    for state, one in (("claiming", head), ("claiming", finance)):
        assert {first.number, second.number} <= folder(person, state)
        one.approve(case)
    assert {first.number, second.number} <= folder(person, "claimed")
    assert first.number not in folder(person, "unclaimed")

    (twin,) = person.upload(("再来一次.xml", papers.as_xml(first)))
    fill_claim(person, [twin])
    refusal = person.page.locator("#field-invoices .field-error").first
    expect(refusal).to_contain_text(first.number)
    expect(refusal).to_contain_text("BX-")  # the claim that it stands in
    expect(person.page.locator("[name=purpose]")).to_have_value("上海客户拜访")

    finance.open(f"/documents/{ids[0]}")
    finance.page.fill("#release-reason", "误报，已退款")
    finance.page.get_by_role("button", name="解除此发票的报销占用").click()
    expect(finance.page.locator("section[aria-labelledby=invoice] h2")).to_contain_text("未报销")
    fill_claim(person, [twin])
    person.page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))
    assert person.problems == [one for one in person.problems if "status of 4" in one]


def claim_from_folder(person: Desk, documents: list[str], total: Decimal) -> str:
    """Tick invoices in the folder and claim them; returns the case's id."""
    page = person.page
    person.open("/invoices")
    for document in documents:
        page.check(f"#pick-{document}")
    expect(page.locator("[data-chosen]")).to_have_text(f"已选 2 张，合计 ¥{total:,.2f}")
    page.get_by_role("button", name="报销所选发票").click()
    for document in documents:
        page.select_option(f"[name='invoices.{document}.category']", "travel")
    expect(page.locator(".claim-sum")).to_have_text(f"已选 2 张，合计 ¥{total:,.2f}")
    page.fill("[name=purpose]", "上海客户拜访")
    page.fill("[name=amount]", "1")
    page.click("button[name=action][value=submit]")
    expect(page.locator("#error-amount")).to_contain_text(f"{total:.2f}")  # the sum is checked
    page.fill("[name=amount]", str(total))
    page.click("button[name=action][value=submit]")
    page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))
    expect(page.locator("main")).to_contain_text("差旅费")
    return re.search(r"/cases/([0-9a-f-]{36})", page.url)[1]  # type: ignore[index]


def fill_claim(person: Desk, documents: list[str]) -> None:
    person.open("/apply/reimbursement?" + "&".join(f"documents={one}" for one in documents))
    person.page.fill("[name=purpose]", "上海客户拜访")
    for document in documents:
        person.page.select_option(f"[name='invoices.{document}.category']", "office")
    person.page.click("button[name=action][value=submit]")


def folder(person: Desk, state: str) -> set[str]:
    """The numbers of the invoices that stand under a state."""
    person.open(f"/invoices?state={state}")
    return set(re.findall(r"\b\d{20}\b", person.page.inner_text("main")))


def test_a_late_claim_needs_a_reason_and_nothing_typed_is_lost(desk: Sit) -> None:
    person = desk("huanglin")
    (document,) = person.upload(("旧票.pdf", papers.as_pdf(papers.old(63))))
    fill_claim(person, [document])
    expect(person.page.locator("#error-late_reason")).to_be_visible()
    expect(person.page.locator(f"#pick-invoices-{document}")).to_be_checked()
    expect(person.page.locator(f"[name='invoices.{document}.category']")).to_have_value("office")
    person.page.fill("[name=late_reason]", "供应商补开")
    person.page.click("button[name=action][value=submit]")
    person.page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))
    expect(person.page.locator("main")).to_contain_text("供应商补开")


def test_a_contract_that_acts_is_exchanged_for_a_copy_to_sign_on_the_form_itself(desk: Sit) -> None:
    person = desk("huanglin")
    page = person.page
    person.open("/apply/contract")
    page.fill("[name=title]", "含脚本的采购合同")
    page.fill("[name=counterparty]", "天工（演示）物流装备有限公司")
    page.fill("[name=amount]", "1200")
    page.check("[name=direction][value=pay]")
    page.locator("label.choice", has_text="合同专用章").click()
    person.choose("#choose-files_contract", ("含脚本.pdf", papers.active()))
    offer = page.get_by_role("button", name="换成可签署的副本")
    expect(offer).to_be_visible(timeout=20_000)
    page.click("button[name=action][value=submit]")
    expect(page.locator("#error-contract")).to_be_visible()
    offer.click()
    chosen = page.locator("#list-contract li:has(input:checked)")
    expect(chosen).to_have_count(1)
    expect(offer).to_have_count(1)  # still at the original, which is not chosen any more
    expect(page.locator("[name=title]")).to_have_value("含脚本的采购合同")
    page.click("button[name=action][value=submit]")
    page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}"))


def test_the_page_of_a_document_that_acts_offers_a_copy(desk: Sit) -> None:
    person = desk("huanglin")
    (document,) = person.upload(("动作.pdf", papers.active()), kind="contract")
    person.open(f"/documents/{document}")
    expect(person.page.locator("main")).to_contain_text("JavaScript")
    person.page.get_by_role("button", name="生成可签署的副本").click()
    person.page.wait_for_url(lambda url: "/documents/" in url and document not in url)
    expect(person.page.locator(".viewer-pages canvas").first).to_be_visible(timeout=20_000)
    expect(person.page.get_by_role("button", name="生成可签署的副本")).to_have_count(0)
    assert person.problems == []


def test_two_contracts_are_compared_page_by_page(desk: Sit) -> None:
    person = desk("huanglin")
    before, after = person.upload(
        ("第一稿.pdf", papers.contract("仓储合同", Decimal("880000"))),
        ("第二稿.pdf", papers.contract("仓储合同", Decimal("890000"))),
        kind="contract",
    )
    person.open(f"/documents/{before}")
    person.page.select_option("#compare-other", after)
    person.page.get_by_role("button", name="比较文字").click()
    expect(person.page.locator(".alert-warning")).to_contain_text("处不同")
    expect(person.page.locator("del", has_text="8").first).to_be_visible()
    expect(person.page.locator("ins", has_text="9").first).to_be_visible()
    expect(person.page.locator(".change h2").first).to_contain_text("第 1 页")
    assert person.problems == []


def test_the_other_sides_copy_is_compared_with_what_was_approved(desk: Sit, served: Served) -> None:
    person = desk("zhangwei")
    page = person.page
    cases = ask(served, "zhangwei", "/api/v1/cases?flow=contract")
    case = next(one for one in cases if one["serial_number"].startswith("HT-"))["id"]
    person.open(f"/cases/{case}")
    page.get_by_text("添加对方签署的副本").first.click()
    contract = str(page.locator("#copy-of").input_value())
    copies = page.locator("section[aria-labelledby=copies]")
    person.choose("#copy-file", ("坏.pdf", b"%PDF-1.7\nbroken"))
    copies.locator("form button").click()
    expect(copies.locator(".field-error")).to_contain_text("可能没有传输完整")

    same = page.context.request.get(f"{served.address}/documents/{contract}/download").body()
    for name, data, word in (
        ("对方签回.pdf", same, "文字一致"),
        ("对方改过.pdf", papers.contract("另一份合同", Decimal(3)), "文字不同"),
    ):
        if not page.locator("#copy-file").is_visible():
            copies.get_by_text("添加对方签署的副本").first.click()
        person.choose("#copy-file", (name, data))
        copies.locator("form button").click()
        line = copies.locator("li", has_text=name)
        expect(line).to_be_visible()
        for _ in range(20):
            if word in line.inner_text():
                break
            page.wait_for_timeout(500)
            page.reload()
        expect(line).to_contain_text(word)
    copies.locator("li", has_text="对方改过.pdf").get_by_role("link", name="查看比较").click()
    expect(page.locator("h1")).to_have_text("文本比较")
    expect(page.locator("ins").first).to_be_visible()
