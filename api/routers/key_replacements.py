"""``/api/v1/key-replacements``: new keys for forgotten PINs."""

from __future__ import annotations

from uuid import UUID

from api.principals import Calling, Running
from api.routing import call, router
from api.schemas import Done, Everything
from api.schemas_custody import ReplacementAnswer
from core.errors import NotFound
from signing.service import SigningService

replacements = router("key-replacements")


@replacements.get("", summary="List replacements of keys", response_model=Everything[ReplacementAnswer])
def list_replacements(caller: Calling, runtime: Running) -> Everything[ReplacementAnswer]:
    """The caller's newest one, whatever its state, and the open ones that the caller may consent to."""
    service = runtime.get(SigningService).replacements
    with runtime.database.read() as session:
        mine = service.of(session, caller.principal.person_id)
        others = service.waiting_for(session, caller.principal)
    found = [*([mine] if mine is not None else []), *others]
    return Everything(items=[ReplacementAnswer.model_validate(one) for one in found])


@replacements.post("", summary="Ask for a new key", response_model=ReplacementAnswer, status_code=201)
@call(scope="sign")
def ask_for_replacement(caller: Calling, runtime: Running) -> ReplacementAnswer:
    """For a forgotten PIN. A second person consents; the owner may stop it for a while, then sets a PIN."""
    service = runtime.get(SigningService).replacements
    service.ask(caller.principal)
    with runtime.database.read() as session:
        made = service.of(session, caller.principal.person_id)
    if made is None:
        raise NotFound(what="replacement")
    return ReplacementAnswer.model_validate(made)


@replacements.post("/{person_id}/consent", summary="Consent to a new key", response_model=Done)
@call(scope="sign")
def consent_to_replacement(caller: Calling, runtime: Running, person_id: UUID) -> Done:
    """By an administrator or somebody who leads the owner; never by the owner."""
    runtime.get(SigningService).replacements.consent(caller.principal, person_id)
    return Done()


@replacements.post("/{person_id}/stop", summary="Stop the replacement of a key", response_model=Done)
@call(scope="sign")
def stop_replacement(caller: Calling, runtime: Running, person_id: UUID) -> Done:
    """By the owner, or by somebody who may consent. The old key stays."""
    runtime.get(SigningService).replacements.stop(caller.principal, person_id)
    return Done()
