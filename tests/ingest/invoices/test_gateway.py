"""The HTTP gateway to the tax platform, against a server that plays one."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.clock import FixedClock
from core.errors import SettingUnusable
from ingest.invoices.checking import Inquiry, InquiryKind
from ingest.invoices.errors import GatewayRefused, GatewayUnavailable
from ingest.invoices.gateway import MOST_BYTES, HttpVerifier, sign
from ingest.invoices.gateway_mapping import Mapping_, SignAuth, at, read_mapping
from ingest.invoices.models import CheckOutcome
from tests.ingest.invoices.gateway_server import Gateway, open_gateway

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
DAY = date(2026, 11, 20)
DIGITAL = Inquiry(InquiryKind.DIGITAL, "26312000000010000011", DAY, total=Decimal("2800.00"))
SPECIAL = Inquiry(InquiryKind.SPECIAL, "00112233", DAY, code="3100204130", net=Decimal("100.00"))
ORDINARY = Inquiry(InquiryKind.ORDINARY, "00112233", DAY, code="031001900411", check_code="123456")
SECRET = "s3cret-of-the-app"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with open_gateway() as made:
        yield made


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", SECRET)


def mapping(gateway: Gateway, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "version": 1,
        "name": "test-gateway",
        "url": f"{gateway.url}/check",
        "timeout_seconds": 5,
        "headers": {"X-Api-Key": {"env": "GATEWAY_SECRET"}},
        "request": {
            "format": "json",
            "fields": {
                "fplx": "{kind}",
                "fpdm": "{code}",
                "fphm": "{number}",
                "kprq": "{date:%Y%m%d}",
                "je": "{amount}",
                "jym": "{check_code}",
            },
            "kind_codes": {"special": "01", "ordinary": "04", "digital": "32"},
        },
        "response": {
            "message": "msg",
            "outcomes": [
                {"path": "code", "values": ["500", "busy"], "outcome": "try-later"},
                {"path": "code", "values": ["403"], "outcome": "refused"},
                {"path": "data.state", "values": ["2"], "outcome": "voided"},
                {"path": "data.state", "values": ["3"], "outcome": "reversed"},
                {"path": "data.result", "values": ["1", "true"], "outcome": "consistent"},
                {"path": "data.result", "values": ["0"], "outcome": "inconsistent"},
                {"path": "data.result", "values": ["9"], "outcome": "not_found"},
            ],
        },
    }
    made.update(changes)
    return made


def verifier(gateway: Gateway, **changes: Any) -> HttpVerifier:
    return HttpVerifier(Mapping_.model_validate(mapping(gateway, **changes)), FixedClock(NOON))


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"code": "0", "data": {"result": 1}}, CheckOutcome.CONSISTENT),
        ({"code": "0", "data": {"result": True}}, CheckOutcome.CONSISTENT),
        ({"code": "0", "data": {"result": "0"}}, CheckOutcome.INCONSISTENT),
        ({"code": "0", "data": {"result": "9"}}, CheckOutcome.NOT_FOUND),
        ({"code": "0", "data": {"state": "2", "result": "1"}}, CheckOutcome.VOIDED),
        ({"code": "0", "data": {"state": 3, "result": "1"}}, CheckOutcome.REVERSED),
    ],
)
def test_an_answer_means_what_the_mapping_says(gateway: Gateway, said: Any, outcome: CheckOutcome) -> None:
    gateway.answer((200, {**said, "msg": "ok"}))
    answer = verifier(gateway).verify(DIGITAL)
    assert (answer.outcome, answer.raw, answer.remark) == (outcome, {**said, "msg": "ok"}, "ok")


@pytest.mark.parametrize(
    ("inquiry", "sent"),
    [
        (DIGITAL, {"fplx": "32", "fphm": "26312000000010000011", "kprq": "20261120", "je": "2800.00"}),
        (
            SPECIAL,
            {"fplx": "01", "fpdm": "3100204130", "fphm": "00112233", "kprq": "20261120", "je": "100.00"},
        ),
        (
            ORDINARY,
            {"fplx": "04", "fpdm": "031001900411", "fphm": "00112233", "kprq": "20261120", "jym": "123456"},
        ),
    ],
)
def test_each_kind_is_asked_for_with_its_own_fields(
    gateway: Gateway, inquiry: Inquiry, sent: dict[str, str]
) -> None:
    gateway.answer((200, {"data": {"result": "1"}}))
    verifier(gateway).verify(inquiry)
    (asked,) = gateway.asked
    assert asked.json == sent
    assert asked.headers["X-Api-Key"] == SECRET


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_gateway_that_is_ill_is_asked_again_later(gateway: Gateway, status: int) -> None:
    gateway.answer((status, {"msg": "down"}))
    with pytest.raises(GatewayUnavailable):
        verifier(gateway).verify(DIGITAL)


def test_a_gateway_that_says_it_is_busy_is_asked_again_later(gateway: Gateway) -> None:
    gateway.answer((200, {"code": "busy", "msg": "系统繁忙"}))
    with pytest.raises(GatewayUnavailable) as raised:
        verifier(gateway).verify(DIGITAL)
    assert raised.value.context["reason"] == "系统繁忙"


def test_nobody_listening_is_unavailable(gateway: Gateway) -> None:
    asking = verifier(gateway, url="http://127.0.0.1:9/check")
    with pytest.raises(GatewayUnavailable):
        asking.verify(DIGITAL)


def test_an_answer_that_drips_is_cut_off_at_the_time_limit(gateway: Gateway) -> None:
    gateway.seconds = 0.1  # every byte comes in time, all of them would take ages
    gateway.answer((200, {"data": {"result": "1"}, "filling": "x" * 400}))
    began = datetime.now(UTC)
    with pytest.raises(GatewayUnavailable):
        verifier(gateway, timeout_seconds=1).verify(DIGITAL)
    assert (datetime.now(UTC) - began).total_seconds() < 5


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>login</html>", b"\xff\xfe\x00", b"[" * 100_000, b'{"data": {"result": "maybe"}}', b"[]"],
)
def test_an_answer_that_cannot_be_understood_says_nothing_about_the_invoice(
    gateway: Gateway, body: bytes
) -> None:
    gateway.answer((200, body))
    with pytest.raises(GatewayRefused):
        verifier(gateway).verify(DIGITAL)


def test_a_huge_answer_is_not_read(gateway: Gateway) -> None:
    gateway.answer((200, b'{"data": {"result": "1"}, "x": "' + b"y" * (MOST_BYTES * 8) + b'"}'))
    with pytest.raises(GatewayRefused) as raised:
        verifier(gateway).verify(DIGITAL)
    assert raised.value.context["reason"] == "answer too large"


def test_a_redirect_is_refused_and_not_followed(gateway: Gateway) -> None:
    gateway.headers = {"Location": f"{gateway.url}/elsewhere"}
    gateway.answer((302, {}))
    with pytest.raises(GatewayRefused):
        verifier(gateway).verify(DIGITAL)
    assert [asked.path for asked in gateway.asked] == ["/check"]


def test_secrets_that_the_gateway_repeats_are_not_kept(gateway: Gateway) -> None:
    gateway.answer((200, {"data": {"result": "1"}, "msg": f"key {SECRET}", SECRET: [SECRET]}))
    answer = verifier(gateway).verify(DIGITAL)
    assert SECRET not in repr(answer)
    gateway.answer((403, {"msg": f"bad key {SECRET}"}))
    with pytest.raises(GatewayRefused) as raised:
        verifier(gateway).verify(DIGITAL)
    assert SECRET not in repr(raised.value.context)


def test_parameters_are_signed_sorted_with_the_secret(gateway: Gateway) -> None:
    gateway.answer((200, {"data": {"result": "1"}}))
    auth = {"scheme": "sign", "algorithm": "md5", "secret": {"env": "GATEWAY_SECRET"}, "field": "sign",
            "after": "&key={secret}", "encoding": "upper-hex"}  # fmt: skip
    request = {"format": "form", "fields": {"b": "{number}", "a": "{date:%Y-%m-%d}", "ts": "{timestamp}"}}
    verifier(gateway, auth=auth, request=request).verify(DIGITAL)
    (asked,) = gateway.asked
    text = f"a=2026-11-20&b=26312000000010000011&ts={int(NOON.timestamp())}&key={SECRET}"
    assert asked.form["sign"] == hashlib.md5(text.encode()).hexdigest().upper()
    assert SECRET.encode() not in asked.body


def test_a_signature_can_be_an_hmac_in_a_header(gateway: Gateway) -> None:
    gateway.answer((200, {"data": {"result": "1"}}))
    auth = {"scheme": "sign", "algorithm": "hmac-sha256", "secret": {"env": "GATEWAY_SECRET"},
            "field": "X-Sign", "place": "header"}  # fmt: skip
    request = {"format": "query", "fields": {"n": "{number}", "app": "app-1"}}
    verifier(gateway, method="GET", auth=auth, request=request).verify(DIGITAL)
    (asked,) = gateway.asked
    expected = hmac.new(SECRET.encode(), b"app=app-1&n=26312000000010000011", "sha256").hexdigest()
    assert (asked.headers["X-Sign"], asked.query["n"]) == (expected, "26312000000010000011")


def test_a_token_is_fetched_once_and_again_when_it_is_refused(gateway: Gateway) -> None:
    auth = {"scheme": "token", "url": f"{gateway.url}/token", "token": "data.access_token",
            "expires_in": "data.expires", "fields": {"secret": {"env": "GATEWAY_SECRET"}}}  # fmt: skip
    asking = verifier(gateway, auth=auth)
    gateway.answer((200, {"data": {"result": "1"}}))
    asking.verify(DIGITAL)
    asking.verify(DIGITAL)
    assert gateway.tokens == 1
    gateway.answer((401, {}), (200, {"data": {"result": "1"}}))
    assert asking.verify(DIGITAL).outcome is CheckOutcome.CONSISTENT
    assert gateway.tokens == 2
    assert gateway.asked[-1].headers["Authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"url": "http://gateway.example/check"}, "https"),
        ({"url": "https://user:pw@gateway.example/"}, "url"),
        ({"version": 2}, "version"),
        ({"surprise": 1}, "surprise"),
        ({"headers": {"X": {"env": "lower"}}}, "headers"),
        ({"headers": {"X Y": "1"}}, "headers"),
        ({"method": "GET"}, "query"),
        ({"request": {"fields": {"a": "{pin}"}}}, "pin"),
        ({"response": {"outcomes": []}}, "outcomes"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_naming_the_place(
    gateway: Gateway, tmp_path: Path, change: dict[str, Any], place: str
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump(mapping(gateway, **change)), "utf-8")
    with pytest.raises(SettingUnusable) as raised:
        read_mapping(path)
    assert place in str(raised.value.context["reason"])


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingUnusable):
        read_mapping(path)
    with pytest.raises(SettingUnusable):
        read_mapping(tmp_path / "missing.yaml")


def test_a_secret_that_is_not_set_is_named(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_SECRET")
    with pytest.raises(SettingUnusable) as raised:
        verifier(gateway)
    assert "GATEWAY_SECRET" in str(raised.value.context["reason"])


FIELDS = st.dictionaries(
    st.text("abcXYZ_", min_size=1, max_size=8), st.text(max_size=20), min_size=1, max_size=8
)


@given(FIELDS, st.randoms())
def test_a_signature_does_not_depend_on_the_order_of_the_fields(fields: dict[str, str], random: Any) -> None:
    import os

    os.environ["GATEWAY_SECRET"] = SECRET
    auth = SignAuth.model_validate(
        {"scheme": "sign", "algorithm": "sha256", "secret": {"env": "GATEWAY_SECRET"}}
    )
    names = list(fields)
    random.shuffle(names)
    assert sign(auth, fields) == sign(auth, {name: fields[name] for name in names})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(PLAIN, st.lists(st.text("ab01", min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_path_into_any_answer_finds_something_or_nothing(data: Any, parts: list[str]) -> None:
    at(data, ".".join(parts))
