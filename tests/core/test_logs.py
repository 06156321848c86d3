"""Logs never show a secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.logs import hide_secrets


@given(
    st.sampled_from(["password", "pin", "old_pin", "api_token", "recovery_key", "Cookie", "authorization"])
)
def test_values_of_keys_that_name_secrets_are_hidden(key: str) -> None:
    assert hide_secrets(None, "info", {"event": "x", key: "s3cret"}) == {"event": "x", key: "[hidden]"}


def test_other_values_are_kept() -> None:
    assert hide_secrets(None, "info", {"event": "opinion", "shipping": 1}) == {
        "event": "opinion",
        "shipping": 1,
    }
