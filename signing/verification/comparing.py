"""What all comparisons of revisions share: what was found so far, and lists that may only grow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from pyhanko.pdf_utils import generic

from signing.verification.facts import Change
from signing.verification.objects import same
from signing.verification.usage import Usage

ACTIVE: Final = frozenset({"/OpenAction", "/AA"})
"""Keys that start something by themselves."""


@dataclass
class Seen:
    """What one revision was found to change."""

    changes: list[Change] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)


class Comparing(Usage):
    """A comparison of revisions, without what it compares."""

    def _compare_lists(
        self, seen: Seen, had: list[Any], has: list[Any], code: str, page: int | None, new: int
    ) -> list[Any]:
        """What a list has more at its end; the rest must be as it was, in its order."""
        if len(has) < len(had) or not all(same(a, b) for a, b in zip(had, has, strict=False)):
            seen.changes.append(Change(code, new, False, page=page))
            return [one for one in has if not any(same(one, other) for other in had)]
        return has[len(had) :]


def differing(one: Any, other: Any) -> set[str]:
    """The keys by which two dictionaries differ; what is none has no keys."""
    left = one if isinstance(one, generic.DictionaryObject) else {}
    right = other if isinstance(other, generic.DictionaryObject) else {}
    return {
        str(key)
        for key in dict.keys(left) | dict.keys(right)
        if not same(dict.get(left, key), dict.get(right, key))
    }


def numbers(*written: Any) -> set[int]:
    """The numbers of the values that are references."""
    return {one.idnum for one in written if isinstance(one, generic.IndirectObject)}
