"""``/api/v1/notices``: what the caller should know of and has not seen yet."""

from __future__ import annotations

from uuid import UUID

from api.principals import Calling, Running
from api.routing import router
from api.schemas import Done, Everything
from api.schemas_people import NoticeAnswer
from core import notices as board
from core.i18n import translator

notices = router("notices")


@notices.get("", summary="List notices", response_model=Everything[NoticeAnswer])
def list_notices(caller: Calling, runtime: Running) -> Everything[NoticeAnswer]:
    """The newest fifty that the caller has not seen, newest first, in their language."""
    text = translator(caller.language)
    with runtime.database.read() as session:
        return Everything(
            items=[
                NoticeAnswer(
                    id=row.id,
                    code=row.code,
                    message=text.text(f"notice-{row.code}", **row.context),
                    resource_type=row.resource_type,
                    resource_id=row.resource_id,
                    at=row.at,
                )
                for row in board.unseen(session, caller.principal)
            ]
        )


@notices.post("/{notice_id}/seen", summary="Put a notice away", response_model=Done)
def see_notice(caller: Calling, runtime: Running, notice_id: UUID) -> Done:
    """The caller has seen it. Looking at the thing itself on the portal does the same."""
    with runtime.database.write() as session:
        board.see(session, runtime.clock.now(), caller.principal, notice_id)
    return Done()
