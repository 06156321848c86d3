"""Tables that only grow, enforced by the database itself: the register, the audit trail, tree heads.

Triggers refuse every change and deletion, whoever asks. The one change that is let through is the
erasure of an audit entry's payload together with its salt (personal data), which the chain and the
tree survive. Whoever rules over the database can remove a trigger; that it was used shows in the
chain and in the tree heads that left the machine.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

TABLES: Final = ("audit_entry", "seal_record", "tree_head")
_KEPT: Final = (
    "sequence", "version", "at", "actor_id", "action", "resource_type", "resource_id", "payload_digest",
    "chain_digest",
)  # fmt: skip
"""Columns of an audit entry that its erasure leaves alone."""


def protect(connection: Connection) -> None:
    """Put the triggers on; those that are there are made anew. For migrations."""
    unprotect(connection)
    is_postgresql = connection.dialect.name == "postgresql"
    for statement in _postgresql() if is_postgresql else _sqlite():
        connection.execute(text(statement))


def unprotect(connection: Connection) -> None:
    """Take the triggers off. For migrations that change a protected table."""
    is_postgresql = connection.dialect.name == "postgresql"
    for table in TABLES:
        for event in ("update", "delete", "truncate") if is_postgresql else ("update", "delete"):
            on = f" on {table}" if is_postgresql else ""
            connection.execute(text(f"drop trigger if exists {table}_no_{event}{on}"))
    if is_postgresql:
        connection.execute(text("drop function if exists vermilion_append_only()"))


def _sqlite() -> list[str]:
    refusal = "begin select raise(abort, '{} is append-only'); end"
    erased = " and ".join(f"new.{name} is old.{name}" for name in _KEPT)
    erased = f"new.salt is null and (new.payload is null or new.payload = 'null') and {erased}"
    made = []
    for table in TABLES:
        condition = f"when not ({erased}) " if table == "audit_entry" else ""
        refused = refusal.format(table)
        made.append(f"create trigger {table}_no_update before update on {table} {condition}{refused}")
        made.append(f"create trigger {table}_no_delete before delete on {table} {refused}")
    return made


def _postgresql() -> list[str]:
    erased = " and ".join(f"new.{name} is not distinct from old.{name}" for name in _KEPT)
    erased = f"new.salt is null and (new.payload is null or new.payload = 'null'\\:\\:jsonb) and {erased}"
    made = [
        "create function vermilion_append_only() returns trigger language plpgsql as "
        "$$ begin raise exception '% is append-only', tg_table_name; end $$"
    ]
    for table in TABLES:
        condition = f"when (not ({erased})) " if table == "audit_entry" else ""
        refused = "execute function vermilion_append_only()"
        made.append(
            f"create trigger {table}_no_update before update on {table} for each row {condition}{refused}"
        )
        made.append(f"create trigger {table}_no_delete before delete on {table} for each row {refused}")
        made.append(f"create trigger {table}_no_truncate before truncate on {table} {refused}")
    return made
