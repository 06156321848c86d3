"""Home: what waits for the reader, their running applications, four quick actions."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from core.notices import count_unseen
from portal.case_views import case_line, has_pin, steps, task_card
from portal.frame import BADGE_COUNTERS, Visiting, page, pages
from portal.notices import unseen
from portal.visit import Visit
from workflow.models import CaseState, Outcome
from workflow.service import WorkflowService

router = pages()

SHOWN_CASES: Final = 5


@router.get("/")
def show_home(request: Request, visit: Visiting, after: str = "") -> Response:
    """What waits for me, oldest first, and where my applications stand."""
    workflow = visit.runtime.get(WorkflowService)
    with visit.runtime.database.read() as session:
        tasks = [task_card(visit, row) for row in workflow.inbox(session, visit.person)]
        running = [
            row
            for row in workflow.my_cases(session, visit.person)
            if row.state in (CaseState.RUNNING, CaseState.RETURNED)
        ]
        cases = [
            case_line(visit, row, steps(visit, workflow.get_case(session, visit.person, row.id)))
            for row in running[:SHOWN_CASES]
        ]
        news = unseen(session, visit)
        can_sign = has_pin(visit, session, visit.person)
    return page(
        request,
        visit,
        "home.html",
        tasks=tasks,
        notices=news,
        cases=cases,
        has_pin=can_sign,
        after=after if after in {one.value for one in Outcome} else "",
    )


@router.get("/badges")
def live_badges(visit: Visiting) -> Response:
    """The counts of the navigation, for the script that renews them."""
    counts = {name: count(visit) for name, count in BADGE_COUNTERS.items()}
    return JSONResponse(
        {
            name: {
                "shown": str(count) if count < 100 else "99+",
                "words": visit.text("live-count", count=count),
            }
            for name, count in counts.items()
            if count
        }
    )


def waiting_tasks(visit: Visit) -> int:
    """How many open tasks the reader could do, and how many notices they have not seen."""
    with visit.runtime.database.read() as session:
        tasks = visit.runtime.get(WorkflowService).count_inbox(session, visit.person)
        return tasks + count_unseen(session, visit.person)


BADGE_COUNTERS["tasks"] = waiting_tasks
