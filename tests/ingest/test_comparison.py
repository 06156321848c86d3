"""Two texts are compared by what they say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.comparison import Change, Kind, compare, says_the_same

CONTRACT = [
    "采购合同\n第一条 甲方向乙方采购服务器十台。\n第二条 合同总价为人民币 120,000.00 元。\n第 1 页 共 2 页",
    "第三条 乙方应于 2026 年 3 月 1 日前交货；逾期按日支付万分之五的违约金。\n第 2 页 共 2 页",
]
WORDS = st.lists(st.text(alphabet="甲乙方合同价款一二三1289。；, \n", max_size=80), min_size=0, max_size=5)


def texts(change: Change) -> tuple[str, str]:
    return "".join(one.text for one in change.before), "".join(one.text for one in change.after)


def test_the_same_text_has_no_changes() -> None:
    assert compare(CONTRACT, CONTRACT) == ()


def test_line_breaks_pages_spaces_and_width_do_not_matter() -> None:
    whole = "".join(CONTRACT).replace("第 1 页 共 2 页", "\n").replace("\n", "")
    again = [whole[:30], whole[30:].replace("第 2 页 共 2 页", "").replace("；", ";").replace(" ", "")]

    assert compare(CONTRACT, again) == ()


def test_a_changed_amount_is_shown_letter_by_letter_with_its_page() -> None:
    (change,) = compare(CONTRACT, [CONTRACT[0].replace("120,000.00", "720,000.00"), CONTRACT[1]])

    assert change.kind is Kind.CHANGED
    assert (change.page_before, change.page_after) == (1, 1)
    assert [one.text for one in change.before if one.differs] == ["1"]
    assert [one.text for one in change.after if one.differs] == ["7"]


def test_an_added_and_a_removed_clause_are_named_with_their_pages() -> None:
    added = [CONTRACT[0], CONTRACT[1].replace("\n第 2 页", "\n第四条 本合同自签字之日起生效。\n第 2 页")]

    (change,) = compare(CONTRACT, added)
    (back,) = compare(added, CONTRACT)

    assert (change.kind, change.page_before, change.page_after) == (Kind.ADDED, None, 2)
    assert "第四条" in texts(change)[1]
    assert (back.kind, back.page_before, back.page_after) == (Kind.REMOVED, 2, None)


def test_a_clause_that_moved_to_the_next_page_is_no_change() -> None:
    moved = [CONTRACT[0].split("第二条")[0], "第二条" + CONTRACT[0].split("第二条")[1] + "\n" + CONTRACT[1]]

    assert compare(CONTRACT, moved) == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (CONTRACT[1].replace("逾期", "愈期"), Kind.NOISE),
        (CONTRACT[1].replace("万分之五", "万分之八"), Kind.CHANGED),
        (CONTRACT[1].replace("3 月", "8 月"), Kind.CHANGED),
    ],
)
def test_recognised_text_may_differ_in_letters_but_not_in_figures(said: str, kind: Kind) -> None:
    changes = compare(CONTRACT, [CONTRACT[0], said], recognised=True)

    assert [change.kind for change in changes] == [kind]
    assert says_the_same(changes) is (kind is Kind.NOISE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "乙方不得将本合同项下的权利义务转让给任何第三方。",
            "乙方得将本合同项下的权利义务转让给任何第三方。",
        ),
        ("因本合同发生的争议由甲方所在地法院管辖处理。", "因本合同发生的争议由乙方所在地法院管辖处理。"),
        ("卖方云杉测试科技有限公司应当按时足额交货。", "卖方云松测试科技有限公司应当按时足额交货。"),
        ("货款应当在验收合格之前全部付清并开具发票。", "货款应当在验收合格之后全部付清并开具发票。"),
    ],
)
def test_recognition_excuses_no_name_and_no_word_that_turns_the_meaning(before: str, after: str) -> None:
    (change,) = compare([before], [after], recognised=True, names=["云杉测试科技有限公司"])

    assert change.kind is Kind.CHANGED


def test_what_signing_adds_to_a_scan_is_no_difference_but_a_clause_is() -> None:
    names = ["云杉测试科技有限公司", "北岭设备有限公司"]
    stamped = [CONTRACT[0], CONTRACT[1] + "\n北岭设备有限公司 合同专用章（盖章） 2026年3月2日"]

    assert says_the_same(compare(CONTRACT, stamped, recognised=True, names=names))
    assert not says_the_same(compare(CONTRACT, stamped, names=names))
    clause = [CONTRACT[0], CONTRACT[1] + "\n北岭设备有限公司免责。"]
    assert not says_the_same(compare(CONTRACT, clause, recognised=True, names=names))


def test_two_hundred_pages_are_compared_at_once() -> None:
    pages = [
        f"第{number}条 " + "双方应当依照约定履行义务。" * 40 + f"编号{number}。" for number in range(200)
    ]
    changed = [*pages[:150], pages[150].replace("编号150", "编号151"), *pages[151:]]

    (change,) = compare(pages, changed)

    assert change.page_after == 151


@given(WORDS, WORDS)
def test_every_letter_is_there_and_equal_runs_are_equal(before: list[str], after: list[str]) -> None:
    for change in compare(before, after):
        assert Change.from_json(json.loads(json.dumps(change.to_json()))) == change
        kept = [
            "".join("".join(one.text.split()) for one in side if not one.differs)
            for side in (change.before, change.after)
        ]
        if change.kind is Kind.CHANGED:
            assert kept[0] == kept[1]


@given(WORDS)
def test_a_text_never_differs_from_itself(pages: list[str]) -> None:
    assert compare(pages, pages) == ()
    assert compare(pages, ["\n".join(pages)]) == ()
