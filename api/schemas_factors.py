"""Shapes of second factors."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.schemas import EXAMPLE_DIGEST, EXAMPLE_ID, EXAMPLE_TIME, Shape, Words, example
from signing.custody_models import FactorKind
from signing.second_factor import MANAGING

_DIGESTS = Field(
    min_length=1,
    max_length=1000,
    description="What is signed next: the sheet's digest, for seals the documents' too; or `managing`.",
)


class FactorAnswer(Shape):
    """A second factor."""

    model_config = example(
        {"id": EXAMPLE_ID, "kind": "totp", "name": "Phone", "created_at": EXAMPLE_TIME, "used_at": None}
    )

    id: UUID
    kind: FactorKind
    name: str
    created_at: datetime
    used_at: datetime | None


class FactorChange(Shape):
    """What adding or removing a factor needs."""

    model_config = example({"pin": "284617", "name": "Phone"})

    pin: Words = Field(min_length=1, max_length=128)
    name: Words = Field(default="", max_length=60)


class NewTotpAnswer(Shape):
    """A secret that was just made."""

    model_config = example(
        {"id": EXAMPLE_ID, "secret": "JBSWY3DPEHPK3PXP", "address": "otpauth://totp/Vermilion:zhangwei?…"}
    )

    id: UUID
    secret: str
    address: str = Field(description="What the QR code says.")


class TotpConfirmation(Shape):
    """The first code."""

    model_config = example({"code": "492039"})

    code: Words = Field(min_length=1, max_length=20)


class RecoveryCodes(Shape):
    """Codes to use once each when the factor is lost; empty when there were some already."""

    model_config = example({"recovery_codes": ["ABCD-EFGH-JKLM"]})

    recovery_codes: list[str]


class QuestionWanted(Shape):
    """What a passkey's answer will be good for."""

    model_config = example({"digests": [EXAMPLE_DIGEST]})

    digests: list[Words] = _DIGESTS

    def known_digests(self) -> list[str]:
        """The digests, with what stands for the change of a factor."""
        return [MANAGING if one == "managing" else one for one in self.digests]


class CodeShown(QuestionWanted):
    """A code, and what it is good for."""

    model_config = example({"code": "492039", "digests": [EXAMPLE_DIGEST]})

    code: Words = Field(min_length=1, max_length=40)


class QuestionAnswer(Shape):
    """A question for a passkey."""

    model_config = example({"id": EXAMPLE_ID, "options": {"challenge": "c2lnbg", "rpId": "localhost"}})

    id: UUID
    options: dict[str, Any]


class PasskeyShown(Shape):
    """The passkey's answer."""

    model_config = example({"answer": {"id": "AZ3…", "type": "public-key", "response": {}}})

    answer: dict[str, Any]


class Policy(Shape):
    """Where a second factor is asked for."""

    model_config = example({"second_factor": "seals"})

    second_factor: Literal["off", "seals", "all"]
