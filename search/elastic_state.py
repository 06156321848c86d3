"""Which indices of a cluster are in use: generations of yearly indices, each behind an alias.

The cluster's own metadata is the state: nothing else has to be kept in step with it. Names:

- ``PREFIX-TAG-GENERATION-YEAR``: the index of a year; TAG is ``elastic_mapping.version_tag``, GENERATION 16
  hexadecimal digits that rise with time. Every generation has a ``…-other``, for ids that tell no year.
- ``PREFIX-live-TAG``: alias of the generation in use, which is searched.
- ``PREFIX-building-TAG``: alias of the one that is being built.
- ``PREFIX-complete-TAG``: alias of the live ``…-other`` where that generation holds everything.
- ``PREFIX-holds-TAG-YEAR``: alias of a generation's ``…-other``: it has an index of that year. Where that
  is not there, somebody deleted it, and the generation is not complete any more.

Aliases are changed in single requests, which the cluster carries out wholly or not at all, one after
another. Each begins by taking off an alias that must be there and putting it on again, so that a change
fails when somebody else was quicker.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import structlog

from core.ids import new_id
from search.elastic_client import WRITING, Cluster
from search.elastic_mapping import OTHER, template, version_tag
from search.errors import SearchUnavailable

log = structlog.get_logger()

FIRST: Final = "0" * 16
"""The generation that an empty cluster begins with: processes that start at once make the same."""
_LOOKS: Final = 20
_PAUSE: Final = 0.1


class Overtaken(Exception):
    """Somebody else changed the state first: look again."""


@dataclass(frozen=True)
class State:
    """What is in use. ``live`` and ``building`` are generations, the same one where an empty index is filled
    for the first time; ``indices`` is what stands behind each.

    ``lost`` are the years whose indices the live one had and has no more.
    """

    live: str | None
    building: str | None
    is_complete: bool
    indices: Mapping[str, frozenset[str]]
    lost: frozenset[str] = frozenset()


class Generations:
    """The state of one prefix, of this program's version."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        prefix, tag = cluster.address.prefix, version_tag()
        self.live_alias = f"{prefix}-live-{tag}"
        self.building_alias = f"{prefix}-building-{tag}"
        self.complete_alias = f"{prefix}-complete-{tag}"
        self._holds = f"{prefix}-holds-{tag}-"
        self._prefix = prefix
        self._own = f"{prefix}-{tag}"
        self._form = re.compile(
            rf"{re.escape(prefix)}-(\d+)-([0-9a-f]{{8}})-([0-9a-f]{{16}})-(\d{{4}}|{OTHER})"
        )

    def index(self, generation: str, year: str) -> str:
        """The name of a yearly index."""
        return f"{self._own}-{generation}-{year}"

    def state(self) -> State:
        """What is in use now. Raises SearchUnavailable."""
        names = [self.live_alias, self.building_alias, self.complete_alias]
        asked = [*names, f"{self._holds}*"]
        answer = self._cluster.ask(lambda client: client.indices.get_alias(name=asked), ignore=(404,))
        behind: dict[str, dict[str, set[str]]] = {name: {} for name in names}
        held: dict[str, set[str]] = {}
        for index, told in answer.items():
            found = self._form.fullmatch(index)
            if found is None:  # "error" and "status": not all aliases are there
                continue
            for alias in told["aliases"]:
                if alias in behind:
                    behind[alias].setdefault(found[3], set()).add(index)
                else:
                    held.setdefault(found[3], {OTHER}).add(alias.removeprefix(self._holds))
        live = max(behind[self.live_alias], default=None)
        building = max(behind[self.building_alias], default=None)
        there = behind[self.live_alias].get(live or "", set())
        lost = held.get(live or "", {OTHER}) - {index.rpartition("-")[2] for index in there}
        return State(
            live=live,
            building=building,
            is_complete=live is not None and not lost and live in behind[self.complete_alias],
            lost=frozenset(lost) if live is not None else frozenset(),
            indices={
                generation: frozenset(behind[alias][generation])
                for alias, generation in ((self.building_alias, building), (self.live_alias, live))
                if generation is not None
            },
        )

    def usable(self) -> State:
        """The state; where there is no index, that of a new one. Raises SearchUnavailable.

        A live generation of which somebody deleted an index is not complete from then on.
        """
        state = self.state()
        if state.live is not None:
            if state.lost:
                self._note_loss(state.live, state.lost)
                state = self.state()
            return state
        self._put_template()
        first = self.index(FIRST, OTHER)
        for _ in range(3):
            is_new = self._create(first, {self.live_alias: {}})
            state = self._seen_live()
            if state.live is not None:
                return state
            if not is_new:  # left over from a rebuild that ended before it had tidied up
                self._delete([first])
        raise SearchUnavailable(reason=f"no index behind {self.live_alias}")

    def _note_loss(self, live: str, lost: frozenset[str]) -> None:
        """Before anything makes a lost index again, empty: what it held has to come from a rebuild."""
        log.warning("search_indices_lost", generation=live, years=sorted(lost))
        if OTHER in lost:
            self._create(self.index(live, OTHER), {self.live_alias: {}})
        every = self.index(live, "*")
        aliases = [self.complete_alias, *(f"{self._holds}{year}" for year in sorted(lost - {OTHER}))]
        with suppress(Overtaken):  # none of them is there
            self._change(
                [{"remove": {"index": every, "alias": alias, "must_exist": False}} for alias in aliases]
            )

    def _seen_live(self) -> State:
        """The state, once the node that is asked has heard of a live index; it may be a moment late."""
        state = self.state()
        for _ in range(_LOOKS):
            if state.live is not None:
                break
            time.sleep(_PAUSE)
            state = self.state()
        return state

    def add(self, generation: str, is_live: bool, indices: Iterable[str]) -> None:
        """Make yearly indices of a generation that are not there yet. Raises Overtaken, SearchUnavailable."""
        wanted = sorted(indices)
        if not wanted:
            return
        alias = self.live_alias if is_live else self.building_alias
        self._put_template()
        for index in wanted:
            self._create(index, {})
        held = {"index": self.index(generation, OTHER), "alias": alias}
        self._change(
            [
                {"remove": {**held, "must_exist": True}},
                {"add": held},
                *({"add": {"index": index, "alias": alias}} for index in wanted),
                *(
                    {"add": {"index": held["index"], "alias": f"{self._holds}{index.rpartition('-')[2]}"}}
                    for index in wanted
                    if not index.endswith(f"-{OTHER}")
                ),
            ]
        )

    def begin(self, is_empty: Callable[[], bool]) -> str:
        """An empty generation behind the alias for building, in the place of an earlier one.

        A new one; but a live one that was never filled (``is_empty`` looks) is filled where it lies, since
        there is nothing to search meanwhile.
        """
        state = self.usable()
        if state.live is not None and not state.is_complete and state.building is None and is_empty():
            generation = state.live
        else:
            generation = f"{new_id().hex[:16]}"
            self._put_template()
            self._create(self.index(generation, OTHER), {})
        other = self.index(generation, OTHER)
        self._change(
            [
                {"remove": {"index": f"{self._own}-*", "alias": self.building_alias, "must_exist": False}},
                {"add": {"index": other, "alias": self.building_alias}},
            ]
        )
        if state.building not in (None, state.live):
            self._delete(self._listed(self.index(state.building, "*")))
        return generation

    def finish(self, generation: str) -> None:
        """Let the generation that was built be the live one, complete; take away all older ones.

        Raises Overtaken when it is not the one that is being built.
        """
        other = {"index": self.index(generation, OTHER), "alias": self.building_alias}
        every = f"{self._own}-*"
        built = self.index(generation, "*")
        self._change(
            [
                {"remove": {**other, "must_exist": True}},
                {"add": other},
                *(
                    {"remove": {"index": every, "alias": alias, "must_exist": False}}
                    for alias in (self.building_alias, self.live_alias, self.complete_alias)
                ),
                {"add": {"index": built, "alias": self.live_alias}},
                {"add": {"index": other["index"], "alias": self.complete_alias}},
            ]
        )

    def tidy(self) -> None:
        """Delete generations that nothing uses any more, of this version and of earlier ones."""
        state = self.state()
        if state.live is None:
            return
        stale = []
        for index in self._listed(f"{self._prefix}-*"):
            found = self._form.fullmatch(index)
            if found is None or found[3] in (state.live, state.building):
                continue
            is_ours = index.startswith(f"{self._own}-")
            # A version newer than this one keeps its own; a generation newer than ours is just being made.
            is_older = found[3] < state.live and int(found[1]) <= int(version_tag().partition("-")[0])
            if is_older and (is_ours or state.is_complete):
                stale.append(index)
        self._delete(stale)
        tags = {"-".join(index.removeprefix(f"{self._prefix}-").split("-")[:2]) for index in stale}
        for tag in tags - {version_tag()}:
            self._delete_template(f"{self._prefix}-{tag}")

    # requests

    def _put_template(self) -> None:
        made = template(f"{self._own}-*", self._cluster.address)
        self._cluster.ask(
            lambda client: client.indices.put_index_template(name=self._own, **made), seconds=WRITING
        )

    def _create(self, index: str, aliases: dict[str, Any]) -> bool:
        """Make an index; False where there is one of this name."""
        answer = self._cluster.ask(
            lambda client: client.indices.create(index=index, aliases=aliases), seconds=WRITING, ignore=(400,)
        )
        error = answer.get("error")
        if error is None:
            return True
        if error.get("type") == "resource_already_exists_exception":
            return False
        raise SearchUnavailable(reason=f"400 {error.get('type')}")

    def _change(self, actions: list[dict[str, Any]]) -> None:
        """All of the actions or none. Raises Overtaken when an alias that must be there is not."""
        answer = self._cluster.ask(
            lambda client: client.indices.update_aliases(actions=actions), seconds=WRITING, ignore=(404,)
        )
        if "error" in answer:
            raise Overtaken(str(answer["error"].get("type")))

    def _listed(self, pattern: str) -> list[str]:
        answer = self._cluster.ask(lambda client: client.indices.get(index=pattern, features="aliases"))
        return sorted(answer)

    def _delete(self, indices: list[str]) -> None:
        if indices:
            self._cluster.ask(
                lambda client: client.indices.delete(index=indices, ignore_unavailable=True), seconds=WRITING
            )

    def _delete_template(self, name: str) -> None:
        self._cluster.ask(lambda client: client.indices.delete_index_template(name=name), ignore=(404,))
