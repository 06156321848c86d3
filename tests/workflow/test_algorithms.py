"""Keys and digests of the kinds that the settings name, through a whole case."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from signing.keys import algorithm_of
from signing.models import Certificate
from signing.verification import Outcome
from tests import independent
from tests.builders import PIN
from tests.office import open_office


def test_people_and_seals_get_keys_of_the_kind_that_the_settings_name(tmp_path: Path) -> None:
    settings = {"key_algorithms": "P-256 person=RSA-2048 seal=RSA-3072", "signature_digest": "sha384"}
    with open_office(tmp_path / "home", **settings) as office:
        signatory = office.signing.unlock(office.company.people["head"], PIN)
        case_id = office.finished_contract()
        with office.runtime.database.read() as session:
            row = session.get_one(Certificate, office.seal.certificate_id)
        made = office.papers(case_id)["document"]
        verdict = office.signing.verify(made)
        assert algorithm_of(signatory.key.key) == "RSA-2048"
        assert algorithm_of(x509.load_der_x509_certificate(row.der).public_key()) == "RSA-3072"
        assert (verdict.outcome, verdict.archived) == (Outcome.VALID, True)
        root = office.roots()[0]
        signatures = [one for one in independent.signatures(made) if not one.is_timestamp]
        assert signatures and all(independent.openssl_accepts(one, root, tmp_path) for one in signatures)
