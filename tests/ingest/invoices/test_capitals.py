"""Amounts in capitals and credit codes, there and back."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.amounts import amount_in_words
from ingest.invoices import capitals, credit_code
from tests.ingest.invoices import builder

MONEY = st.decimals(min_value=-(10**14), max_value=10**14, places=2, allow_nan=False, allow_infinity=False)


@given(MONEY)
@example(Decimal("0.00"))
@example(Decimal("100000.00"))
@example(Decimal("1000000001000000.01"))
def test_an_amount_written_in_capitals_is_read_back(amount: Decimal) -> None:
    assert capitals.parse(amount_in_words(amount)) == amount


@given(st.decimals(min_value=0, max_value=99_999_999, places=2))
def test_another_writer_of_capitals_is_understood(amount: Decimal) -> None:
    assert capitals.parse(builder.in_capitals(amount)) == amount
    assert capitals.parse("（负数）" + builder.in_capitals(amount)) == -amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("人民币壹佰元正", "100.00"),
        ("⊗ 壹仟零伍拾圆叁角整", "1050.30"),
        ("ⓧ壹 仟 贰 佰 元 整", "1200.00"),
        ("（负数）壹佰伍拾圆整", "-150.00"),
        ("负壹佰元", "-100.00"),
        ("-壹佰元整", "-100.00"),
        ("拾元整", "10.00"),
        ("貳拾參萬圓整", "230000.00"),
        ("壹億元整", "100000000.00"),
        ("零圆叁分", "0.03"),
        ("零元整", "0.00"),
        ("伍角", "0.50"),
        ("贰拾万元零伍分", "200000.05"),
    ],
)
def test_capitals_as_people_write_them(text: str, amount: str) -> None:
    assert capitals.parse(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "壹",
        "元",
        "万元",
        "壹元壹元",
        "壹贰元",
        "壹佰仟元",
        "壹仟佰元",
        "信息",
        "100.00",
        "一分公司",
        "壹元" * 40,
    ],
)
def test_what_says_no_amount_is_none(text: str) -> None:
    assert capitals.parse(text) is None


@given(st.text(alphabet="零壹贰叁拾佰仟万亿元圆角分整负（）数 ⊗x", max_size=70))
def test_any_row_of_capitals_is_an_amount_or_none(text: str) -> None:
    found = capitals.parse(text)
    assert found is None or found == found.quantize(Decimal("0.01"))


@given(st.integers())
def test_a_sound_credit_code_is_sound_and_no_other_digit_is(seed: int) -> None:
    code = builder.credit_code(random.Random(seed))
    assert credit_code.is_sound(code)
    assert credit_code.is_tax_id(code)
    wrong = [letter for letter in credit_code.ALPHABET if letter != code[17]]
    assert not any(credit_code.is_sound(code[:17] + letter) for letter in wrong)


@pytest.mark.parametrize(
    "code", ["110105600012345", "11010519491231002X", "110105194912310021234"[:20], "91350100M000100Y43"]
)
def test_tax_ids_of_all_ages_are_taken_for_tax_ids(code: str) -> None:
    assert credit_code.is_tax_id(code)


@pytest.mark.parametrize("code", ["", "123", "9135010OM000100Y4I", "统一社会信用代码", "9" * 21])
def test_other_text_is_no_tax_id(code: str) -> None:
    assert not credit_code.is_tax_id(code)


def test_known_codes() -> None:
    assert credit_code.is_sound("91350100M000100Y43")  # the example of the standard's explanations
    assert credit_code.is_identity_card("11010519491231002X")
    assert not credit_code.is_identity_card("110105194912310021")
