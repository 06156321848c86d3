"""DER that is written here is what asn1crypto reads and writes."""

from __future__ import annotations

from datetime import UTC, datetime

from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from signing import encoding

_MOMENTS = st.datetimes(datetime(1951, 1, 1), datetime(2049, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)
_OIDS = st.tuples(
    st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**130), min_size=1, max_size=6)
)


@given(st.integers(-(2**200), 2**200))
def test_integers_are_as_short_as_they_can_be(value: int) -> None:
    assert encoding.integer(value) == core.Integer(value).dump()


@given(_OIDS)
def test_identifiers_of_any_length_come_back(arcs: tuple[int, int, list[int]]) -> None:
    first, second, rest = arcs
    dotted = ".".join(map(str, (first, second, *rest)))
    assert core.ObjectIdentifier.load(encoding.oid(dotted)).dotted == dotted


@given(_MOMENTS)
def test_a_moment_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert core.GeneralizedTime.load(encoding.generalized_time(moment)).native == moment
    assert core.UTCTime.load(encoding.utc_time(moment)).native == moment.replace(microsecond=0)


@given(st.binary(max_size=70_000))
def test_octets_of_any_length_come_back(data: bytes) -> None:
    assert core.OctetString.load(encoding.octets(data), strict=True).native == data


@given(st.lists(st.binary(min_size=0, max_size=40), max_size=8))
def test_elements_of_a_set_are_in_the_order_of_their_encodings(values: list[bytes]) -> None:
    written = encoding.set_of(*map(encoding.octets, values))
    read = core.SetOf(spec=core.OctetString).load(written, spec=core.OctetString)
    assert sorted(values) == sorted(one.native for one in read)
    assert [one.dump() for one in read] == sorted(one.dump() for one in read)
