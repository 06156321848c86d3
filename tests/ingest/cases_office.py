from collections.abc import Iterator
from tests.ingest.corpus import Case


def cases() -> Iterator[Case]:
    yield from ()
