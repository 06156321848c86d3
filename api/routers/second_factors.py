"""``/api/v1/second-factors`` and ``/api/v1/signing-policy``: what is asked for besides the PIN."""

from __future__ import annotations

import json
from uuid import UUID

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Done, Everything
from api.schemas_factors import (
    CodeShown,
    FactorAnswer,
    FactorChange,
    NewTotpAnswer,
    PasskeyShown,
    Policy,
    QuestionAnswer,
    QuestionWanted,
    RecoveryCodes,
    TotpConfirmation,
)
from core.models import Role
from signing.service import SigningService

factors = router("second-factors")
policy = router("signing-policy")


@factors.get("", summary="List my second factors", response_model=Everything[FactorAnswer])
def list_factors(caller: Calling, runtime: Running) -> Everything[FactorAnswer]:
    """What the caller has set up."""
    with runtime.database.read() as session:
        found = runtime.get(SigningService).factors.list(session, caller.principal.person_id)
    return Everything(items=[FactorAnswer.model_validate(one) for one in found])


@factors.post("/totp", summary="Begin with one-time codes", response_model=NewTotpAnswer, status_code=201)
@call(scope="sign")
def begin_totp(caller: Calling, runtime: Running, wanted: FactorChange) -> NewTotpAnswer:
    """A secret for an authenticator (RFC 6238), shown this once; it counts after its first code.

    Who has a factor already shows it first, with `POST /second-factors/codes` for the digest `managing`.
    """
    signing = runtime.get(SigningService)
    signing.check_factor_change(caller.principal, wanted.pin)
    return NewTotpAnswer.model_validate(signing.factors.begin_totp(caller.principal, wanted.name))


@factors.post("/totp/{factor_id}", summary="Confirm one-time codes", response_model=RecoveryCodes)
@call(scope="sign")
def confirm_totp(
    caller: Calling, runtime: Running, factor_id: UUID, wanted: TotpConfirmation
) -> RecoveryCodes:
    """The first code. With the first factor come recovery codes, shown this once."""
    codes = runtime.get(SigningService).factors.confirm_totp(caller.principal, factor_id, wanted.code)
    return RecoveryCodes(recovery_codes=list(codes))


@factors.post("/codes", summary="Show a one-time code", response_model=Done)
@call(scope="sign")
def show_code(caller: Calling, runtime: Running, wanted: CodeShown) -> Done:
    """A one-time or recovery code, for what is signed next: these digests, once each, within minutes."""
    runtime.get(SigningService).factors.show_code(
        caller.principal.person_id, wanted.code, wanted.known_digests()
    )
    return Done()


@factors.post("/passkey-questions", summary="Ask a passkey", response_model=QuestionAnswer, status_code=201)
@call(scope="sign")
def ask_passkey(caller: Calling, runtime: Running, wanted: QuestionWanted) -> QuestionAnswer:
    """Options for `navigator.credentials.get`; the answer is good for these digests only."""
    asked = runtime.get(SigningService).factors.ask_passkey(
        caller.principal.person_id, wanted.known_digests()
    )
    return QuestionAnswer(id=asked.id, options=json.loads(asked.options))


@factors.post("/passkey-questions/{question_id}", summary="Show a passkey", response_model=Done)
@call(scope="sign")
def show_passkey(caller: Calling, runtime: Running, question_id: UUID, wanted: PasskeyShown) -> Done:
    """The browser's answer, as `credential.toJSON()` gives it."""
    runtime.get(SigningService).factors.show_passkey(
        caller.principal.person_id, question_id, json.dumps(wanted.answer)
    )
    return Done()


@factors.post("/{factor_id}/removal", summary="Remove a second factor", response_model=Done)
@call(scope="sign")
def remove_factor(caller: Calling, runtime: Running, factor_id: UUID, wanted: FactorChange) -> Done:
    """With the PIN, after a factor was shown for the digest `managing`."""
    signing = runtime.get(SigningService)
    signing.check_factor_change(caller.principal, wanted.pin)
    signing.factors.remove(caller.principal, factor_id)
    return Done()


@policy.get("", summary="Get the signing policy", response_model=Policy)
def get_policy(runtime: Running) -> Policy:
    """Where the organisation asks for a second factor."""
    with runtime.database.read() as session:
        return Policy(second_factor=runtime.get(SigningService).factors.policy(session))


@policy.put("", summary="Set the signing policy", response_model=Policy)
@call(scope="admin")
def put_policy(caller: Calling, runtime: Running, wanted: Policy) -> Policy:
    """For administrators of the whole organisation."""
    caller.require_everywhere(Role.ADMINISTRATOR)
    with runtime.database.write() as session:
        runtime.get(SigningService).factors.set_policy(session, caller.principal, wanted.second_factor)
    return wanted
