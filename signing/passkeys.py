"""The two ceremonies of a passkey (W3C Web Authentication): making one, and answering with one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from signing.errors import SecondFactorWrong


@dataclass(frozen=True)
class Passkey:
    """A passkey as the browser made it: its name (base64url), its public key (COSE) and its counter."""

    handle: str
    public_key: bytes
    counter: int


def question(rp_id: str, challenge: bytes, handles: Iterable[str]) -> str:
    """What the browser needs to answer with one of these passkeys (JSON)."""
    options = webauthn.generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        allow_credentials=_descriptors(handles),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def checked_counter(
    answer: str, challenge: bytes, rp_id: str, origin: str, public_key: bytes, counter: int
) -> int:
    """The passkey's new counter, when its answer is right. Raises SecondFactorWrong."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SecondFactorWrong(field="code") from error
    return verified.new_sign_count


def invitation(
    rp_id: str, challenge: bytes, username: str, person: bytes, name: str, known: Iterable[str]
) -> str:
    """What the browser needs to make a passkey that is none of the known ones (JSON)."""
    options = webauthn.generate_registration_options(
        rp_id=rp_id,
        rp_name="Vermilion 朱印",
        user_name=username,
        user_id=person,
        user_display_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return webauthn.options_to_json(options)


def checked_key(answer: str, challenge: bytes, rp_id: str, origin: str) -> Passkey:
    """The passkey that the browser made. Raises SecondFactorWrong."""
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise SecondFactorWrong(field="code") from error
    return Passkey(bytes_to_base64url(made.credential_id), made.credential_public_key, made.sign_count)


def _descriptors(handles: Iterable[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in handles]
