"""The entries of the navigation, and who sees which. Nobody sees an entry they may not open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.models import Role
from core.permissions import Principal
from signing.seal_powers import PARTAKERS


@dataclass(frozen=True)
class Entry:
    """One entry: its address, icon and text, and the roles that may open it (none: everybody).

    ``on_phone`` puts it into the bottom bar, which has room for five. ``badge`` names the live count
    that it carries.
    """

    path: str
    icon: str
    text: str
    roles: frozenset[Role] = frozenset()
    on_phone: bool = False
    badge: str | None = None
    covers: tuple[str, ...] = ()

    def is_open_to(self, principal: Principal) -> bool:
        return not self.roles or any(principal.has(role) for role in self.roles)

    def is_active_on(self, path: str) -> bool:
        if self.path == "/":
            return path == "/" or path.startswith(self.covers)
        return path == self.path or path.startswith((self.path + "/", *self.covers))


READS_REGISTER: Final = frozenset({Role.SEAL_KEEPER, Role.ADMINISTRATOR, Role.ARCHIVIST, Role.AUDITOR})
ADMINISTERS: Final = frozenset({Role.ADMINISTRATOR})

MAIN: Final = (
    Entry("/", "checklist", "nav-to-do", on_phone=True, badge="tasks", covers=("/tasks/", "/batches/")),
    Entry("/apply", "file-plus", "nav-apply", on_phone=True),
    Entry("/search", "search", "nav-search", on_phone=True),
    Entry("/cases", "archive", "nav-archive", on_phone=True, covers=("/documents", "/uploads")),
    Entry("/me", "user", "nav-me", on_phone=True),
)
AREAS: Final = (
    Entry("/invoices", "receipt", "nav-invoices"),
    Entry("/register", "book-2", "nav-register", roles=READS_REGISTER),
    Entry("/seals", "rubber-stamp", "nav-seals", roles=frozenset(PARTAKERS), covers=("/admin/signing",)),
    Entry("/verify", "shield-check", "nav-verify"),
    Entry("/admin/people", "users", "nav-people", roles=ADMINISTERS),
    Entry("/admin/backups", "database", "nav-backups", roles=ADMINISTERS),
    Entry("/admin/health", "heartbeat", "nav-health", roles=ADMINISTERS),
)


def main_entries(principal: Principal) -> list[Entry]:
    """The first level, the same for everybody."""
    return [entry for entry in MAIN if entry.is_open_to(principal)]


def area_entries(principal: Principal) -> list[Entry]:
    """The areas that this person's roles open."""
    return [entry for entry in AREAS if entry.is_open_to(principal)]
