"""``/api/v1/offline-root`` and ``/api/v1/outside-lists``: what comes from elsewhere, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, Form, Response, UploadFile

from api.limits import read_small
from api.principals import Calling, Running
from api.routers.certificates import administers
from api.routing import call, router
from api.schemas import Everything
from api.schemas_certificates import (
    InstalledAnswer,
    OfflineRootAnswer,
    OutsideListAnswer,
    RootRequest,
)
from signing.importing import MOST_BYTES
from signing.outside_lists import MOST_BYTES as MOST_LIST_BYTES
from signing.outside_lists import read_issuers
from signing.root_papers import MOST_BYTES as MOST_PAPER_BYTES
from signing.service import SigningService

offline_root = router("offline-root", needs=administers)
outside_lists = router("outside-lists", needs=administers)


@offline_root.get("", summary="How it stands with the offline root", response_model=OfflineRootAnswer)
@call(scope="admin")
def get_offline_root(runtime: Running) -> OfflineRootAnswer:
    """Whether the root's key is elsewhere, until when its list is good, and whether a request waits."""
    with runtime.database.read() as session:
        found = runtime.get(SigningService).offline_root.standing(session)
    return OfflineRootAnswer.model_validate(found)


@offline_root.post(
    "/requests",
    summary="Ask the offline root",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {"format": "vermilion root request", "version": 1},
                }
            },
            "description": "The request, as a file for `vermilion ca answer`.",
        }
    },
)  # fmt: skip
@call(scope="admin")
def ask_offline_root(caller: Calling, runtime: Running, wanted: RootRequest) -> Response:
    """For its next revocation list and, where that is due or wanted, an issuing certificate. Asking again
    gives the request that waits again."""
    data = runtime.get(SigningService).offline_root.request(
        caller.principal, issuing=wanted.issuing, anew=wanted.anew
    )
    return Response(data, media_type="application/json")


@offline_root.post("/answers", summary="Install an answer", response_model=InstalledAnswer)
@call(scope="admin", takes_files=True)
def install_answer(
    caller: Calling,
    runtime: Running,
    file: Annotated[UploadFile, File(description="What `vermilion ca answer` wrote.")],
    root_sha256: Annotated[str, Form(description="Of the root; needed for the first one.")] = "",
) -> InstalledAnswer:
    """Checked whole before anything is kept: our key, the open request, the root, its list."""
    service, data = runtime.get(SigningService), read_small(file, MOST_PAPER_BYTES)
    made = service.offline_root.install(caller.principal, data, root_sha256)
    service.responder.forget()
    return InstalledAnswer(issuing_id=made)


@outside_lists.get(
    "", summary="List outside authorities' revocation lists", response_model=Everything[OutsideListAnswer]
)
@call(scope="admin")
def list_outside_lists(runtime: Running) -> Everything[OutsideListAnswer]:
    """The newest list of each authority, uploaded or fetched."""
    with runtime.database.read() as session:
        rows = runtime.get(SigningService).outside_lists.listed(session)
        return Everything(items=[OutsideListAnswer.model_validate(row) for row in rows])


@outside_lists.post("", summary="Bring a revocation list", response_model=OutsideListAnswer, status_code=201)
@call(scope="admin", takes_files=True)
def take_outside_list(
    caller: Calling,
    runtime: Running,
    file: Annotated[UploadFile, File(description="PEM or DER.")],
    issuer: Annotated[
        UploadFile | None, File(description="The authority's certificate, where it is not known here.")
    ] = None,
) -> OutsideListAnswer:
    """Its authority has to lead to an outside root that is trusted. A certificate on it stops at once."""
    data = read_small(file, MOST_LIST_BYTES)
    issuers = read_issuers(read_small(issuer, MOST_BYTES)) if issuer is not None else []
    row = runtime.get(SigningService).outside_lists.take(caller.principal, data, issuers=issuers)
    return OutsideListAnswer.model_validate(row)
