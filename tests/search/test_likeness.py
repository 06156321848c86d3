"""What somebody may have meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.likeness import is_abbreviation, is_near, near_parts
from search.sounds import sounds, spelled

LETTERS = st.text(alphabet="采购合同章ab12", min_size=2, max_size=8)


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("王方", "申请人王芳 市场部", [("王芳", True)]),
        ("采够合同", "年度采购合同", [("采购合同", True)]),
        ("华夭科技", "上海華天科技有限公司", [("華天科技", False)]),
        ("ht20260013", "见 HT-2026-0012 号", [("HT-2026-0012", False)]),
        ("采合购同", "采购合同", [("采购合同", False)]),
        ("ht20206012", "HT-2026-0012", [("HT-2026-0012", False)]),
        ("甲乙丙丁", "采购合同", []),
    ],
)
def test_parts_that_are_near(word: str, text: str, expected: list[tuple[str, bool]]) -> None:
    found = [pair for pair in near_parts(word, text) if len(pair[0].replace("-", "")) == len(word)]
    assert found == expected


def distance(one: str, other: str) -> int:
    """Optimal string alignment, the textbook way."""
    rows = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i in range(len(one) + 1):
        for j in range(len(other) + 1):
            if not i or not j:
                rows[i][j] = i + j
                continue
            rows[i][j] = min(
                rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1])
            )
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(LETTERS, LETTERS)
def test_near_is_one_step_away(one: str, other: str) -> None:
    assert is_near(one, other) == is_near(other, one) == (distance(one, other) <= 1)


@given(LETTERS, st.data())
def test_one_step_away_is_always_near(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word)))
    other = data.draw(
        st.sampled_from([word[:at] + "东" + word[at:], word[:at] + "东" + word[at + 1 :], word])
    )
    assert is_near(word, other)


@pytest.mark.parametrize(
    ("word", "name", "expected"),
    [
        ("中石化", "中国石油化工集团有限公司", True),
        ("北师大", "北京师范大学", True),
        ("石中化", "中国石油化工", False),
        ("中", "中国石油", False),
        ("中国石油", "中国石油", False),
        ("htkj", "华天科技", False),
    ],
)
def test_abbreviations(word: str, name: str, expected: bool) -> None:
    assert is_abbreviation(word, name) == expected


def test_names_sound_in_every_reading() -> None:
    assert {"wangfang", "fang", "wf", "f"} <= set(sounds("王芳"))
    assert {"danxiongxin", "shanxiongxin"} <= set(sounds("单雄信"))
    assert "cqca" in {sound[:4] for sound in sounds("重庆长安汽车")}
    assert sounds("ABC 123 かな") == ()
    assert (spelled("王方"), spelled("a王"), spelled("")) == ("wangfang", None, None)


@given(st.text(max_size=40))
def test_any_name_can_be_sounded(name: str) -> None:
    assert all(sound.isascii() and sound.isalpha() for sound in sounds(name))
    spelled(name)
