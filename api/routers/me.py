"""``/api/v1/me`` and ``/api/v1/tokens``: what belongs to the caller."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import File, Form, UploadFile
from sqlalchemy import select

from api.limits import read_small
from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Done, Everything
from api.schemas_people import (
    CertificateAnswer,
    LanguageChoice,
    MeAnswer,
    NewPin,
    NewToken,
    NewTokenAnswer,
    OfferedKeyAnswer,
    PasswordChange,
    PinChange,
    SigningTokenAnswer,
    TokenAnswer,
)
from core import audit
from core.errors import NotFound
from core.models import ApiToken, Person
from core.sign_in import SCOPES, SignInService
from signing.importing import MOST_BYTES
from signing.service import SigningService

me = router("me")
tokens = router("tokens")


@me.get("", summary="Who am I", response_model=MeAnswer)
def get_me(caller: Calling, runtime: Running) -> MeAnswer:
    """The person behind the token or session, their roles now, and what this call may do."""
    person = caller.principal
    with runtime.database.read() as session:
        has_pin = runtime.get(SigningService).has_credential(session, person.person_id)
    return MeAnswer(
        id=person.person_id,
        username=person.username,
        name=person.name,
        position=person.position,
        department_id=person.department_id,
        entity_id=person.entity_id,
        language=person.language,
        roles=sorted({grant.role for grant in person.grants}),
        scopes=[scope for scope in SCOPES if scope in caller.scopes],
        has_pin=has_pin,
    )


@me.put("/language", summary="Choose my language", response_model=LanguageChoice)
def choose_language(caller: Calling, runtime: Running, wanted: LanguageChoice) -> LanguageChoice:
    """The language of pages and messages."""
    with runtime.database.write() as session:
        session.get_one(Person, caller.principal.person_id).language = wanted.language
    return wanted


@me.post("/pin", summary="Set my signing PIN", response_model=CertificateAnswer, status_code=201)
@call(scope="sign")
def enrol(caller: Calling, runtime: Running, wanted: NewPin) -> CertificateAnswer:
    """Makes the caller's own key and certificate. Nobody can recover a forgotten PIN."""
    made = runtime.get(SigningService).enrol(caller.principal, wanted.pin)
    return CertificateAnswer.model_validate(made)


@me.post(
    "/certificate",
    summary="Sign with my certificate of another authority",
    response_model=CertificateAnswer,
    status_code=201,
)
@call(scope="sign", takes_files=True)
def bring_certificate(
    caller: Calling,
    runtime: Running,
    file: Annotated[UploadFile, File(description="PKCS#12 with the key, its certificate and those above.")],
    pin: Annotated[
        str, Form(max_length=200, description="My signing PIN, or the new one where I have none.")
    ],
    password: Annotated[str, Form(max_length=500, description="Of the file.")] = "",
) -> CertificateAnswer:
    """Takes the place of the key I sign with; the same PIN opens it. The file itself is not kept. It has to
    lead to an outside root that is trusted here, and to name me."""
    data = read_small(file, MOST_BYTES)
    made = runtime.get(SigningService).bring_certificate(caller.principal, pin, data, password)
    return CertificateAnswer.model_validate(made)


@me.get(
    "/signing-tokens",
    summary="List the PKCS#11 tokens that I may sign with",
    response_model=Everything[SigningTokenAnswer],
)
def list_my_signing_tokens(caller: Calling, runtime: Running) -> Everything[SigningTokenAnswer]:
    """What an administrator assigned to the caller, with the keys in it as far as they show without a PIN.
    `POST /me/certificate/token` takes one into use."""
    offered = runtime.get(SigningService).person_slots.offered(caller.principal.person_id)
    return Everything(
        items=[
            SigningTokenAnswer(
                token=one.token,
                keys=[OfferedKeyAnswer.model_validate(key) for key in one.keys],
                error=one.error.code if one.error else None,
            )
            for one in offered
        ]
    )


@me.post(
    "/certificate/token",
    summary="Sign with a key in my PKCS#11 token",
    response_model=CertificateAnswer,
    status_code=201,
)
@call(scope="sign", takes_files=True)
def take_key_of_token(
    caller: Calling,
    runtime: Running,
    token: Annotated[str, Form(max_length=100, description="Its label; it was assigned to me.")],
    token_pin: Annotated[str, Form(max_length=200, description="The token's PIN, which I sign with then.")],
    key: Annotated[
        str, Form(max_length=500, description="The key's label, or its id in hex; empty: the only one.")
    ] = "",
    pin: Annotated[
        str, Form(max_length=200, description="My present PIN, unless I have none or it is this token's.")
    ] = "",
    file: Annotated[
        UploadFile | None, File(description="Certificates that are not in the token: PEM, or one in DER.")
    ] = None,
) -> CertificateAnswer:
    """Takes the place of the key I sign with. The certificate has to lead to an outside root that is trusted
    here, and to name me. The PIN is not stored: each signature takes it again."""
    data = read_small(file, MOST_BYTES) if file is not None else b""
    made = runtime.get(SigningService).take_slot(caller.principal, token, key, token_pin, pin, data)
    return CertificateAnswer.model_validate(made)


@me.put("/pin", summary="Change my signing PIN", response_model=Done)
@call(scope="sign")
def change_pin(caller: Calling, runtime: Running, wanted: PinChange) -> Done:
    """The key stays; only what opens it changes: for a key in a PKCS#11 token the token's own PIN. Wrong PINs
    are counted. The caller's other sign-ins end."""
    runtime.get(SigningService).change_pin(caller.principal, wanted.old_pin, wanted.new_pin, caller.sign_in)
    return Done()


@me.put("/password", summary="Change my password", response_model=Done)
def change_password(caller: Calling, runtime: Running, wanted: PasswordChange) -> Done:
    """All sessions of the caller end. Wrong passwords are counted."""
    runtime.get(SignInService).change_password(
        caller.principal.person_id, wanted.old_password, wanted.new_password
    )
    return Done()


@tokens.get("", summary="List my tokens", response_model=Everything[TokenAnswer])
def list_tokens(caller: Calling, runtime: Running) -> Everything[TokenAnswer]:
    """The caller's own tokens, revoked ones too; never their secrets."""
    with runtime.database.read() as session:
        rows = session.scalars(
            select(ApiToken).where(ApiToken.person_id == caller.principal.person_id).order_by(ApiToken.id)
        ).all()
    return Everything(items=[TokenAnswer.model_validate(row) for row in rows])


@tokens.post("", summary="Make a token", response_model=NewTokenAnswer, status_code=201)
def create_token(caller: Calling, runtime: Running, wanted: NewToken) -> NewTokenAnswer:
    """A token that acts as the caller within its scopes. Its secret is in this answer and nowhere else."""
    caller.require_scopes(wanted.scopes)
    with runtime.database.write() as session:
        row, secret = runtime.get(SignInService).create_token(
            session, caller.principal.person_id, wanted.name, wanted.scopes, wanted.expires_at
        )
        return NewTokenAnswer(**TokenAnswer.model_validate(row).model_dump(), secret=secret)


@tokens.delete("/{token_id}", summary="Revoke a token", response_model=Done)
def revoke_token(caller: Calling, runtime: Running, token_id: UUID) -> Done:
    """It stops working at once. Revoking twice does nothing more."""
    now = runtime.clock.now()
    with runtime.database.write() as session:
        row = session.scalar(
            select(ApiToken).where(ApiToken.id == token_id, ApiToken.person_id == caller.principal.person_id)
        )
        if row is None:
            raise NotFound(what="token")
        row.revoked_at = row.revoked_at or now
        audit.record(session, now, caller.principal.person_id, "token.revoked", "token", token_id)
    return Done()
