"""An authority with a few credentials, and small signed files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.runtime import Runtime
from signing.enrolment import Signatory
from signing.fields import FieldSpec, SignatureBlock
from signing.service import SigningService
from storage.folder import FolderObjects
from storage.service import ObjectStore
from tests import homes
from tests.builders import PIN, Company, make_company, make_runtime, open_runtime
from tests.office import FAST_PIN, contract_pdf


@dataclass
class Desk:
    """A signing service with a company whose people have PINs."""

    runtime: Runtime
    company: Company
    signing: SigningService

    def signatory(self, username: str = "head") -> Signatory:
        return self.signing.unlock(self.company.people[username], PIN)

    def roots(self) -> list[bytes]:
        with self.runtime.database.read() as session:
            return self.signing.trust_anchors(session)

    def now(self) -> datetime:
        return self.runtime.clock.now()

    def prepared(self, *names: str) -> bytes:
        """A contract with visible fields on its first page."""
        fields = [
            FieldSpec(name, 0, (60, 40 + 60 * number, 230, 90 + 60 * number))
            for number, name in enumerate(names)
        ]
        return self.signing.add_fields(contract_pdf() + b"\n", fields)

    def signed(self, *usernames: str) -> bytes:
        """A contract that these people signed, one after the other."""
        pdf = self.prepared(*(f"F{number}" for number in range(len(usernames))))
        for number, username in enumerate(usernames):
            block = SignatureBlock("王芳", "经理", "批准", "同意", self.now())
            pdf = self.signing.sign(
                pdf, f"F{number}", self.signatory(username), reason="批准：同意", block=block
            )
        return pdf


def make_desk(home: Path, kind: str = "signing desk", **more: Any) -> Desk:
    """A desk in a fresh home, a copy of the process's first of its kind; those of two kinds are strangers.

    ``more`` are settings.
    """
    company = homes.furnish(home, kind, _make_company)
    runtime = open_runtime(home, **more)
    company = replace(company, runtime=runtime, people={**company.people})
    return Desk(runtime, company, signing_of(runtime))


def _make_company(home: Path) -> Company:
    """The company, and keys of those who sign, in the first home of its kind."""
    runtime = make_runtime(home)
    company = make_company(runtime)
    signing = signing_of(runtime)
    signing.set_up("云杉测试科技有限公司", is_demo=False)
    for username in ("head", "gm", "legal"):
        signing.enrol(company.principal(username), PIN)
    runtime.database.dispose()
    return company


def signing_of(runtime: Runtime) -> SigningService:
    """The service over a home's own folder of objects."""
    home = runtime.settings.home
    store = ObjectStore(runtime.database, FolderObjects(home / "objects"), runtime.clock, home / "staging")
    return SigningService(
        runtime.database, store, runtime.master_key, runtime.clock, runtime.settings, pin_cost=FAST_PIN
    )


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for tests that change nothing at it. To ``desk`` it is a stranger."""
    desk = make_desk(tmp_path_factory.mktemp("desk"), "shared signing desk")
    yield desk
    desk.runtime.database.dispose()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of one's own."""
    made = make_desk(tmp_path / "home")
    yield made
    made.runtime.database.dispose()
