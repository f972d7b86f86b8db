"""One thing that GitHub holds, and how what it holds differs from what is wanted. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["setting", "label", "environment", "ruleset"]
State = Literal["same", "create", "change", "left out"]


@dataclass(frozen=True, slots=True)
class Item:
    """What is wanted. `content` is JSON in the form in which its kind reads and writes it."""

    kind: Kind
    name: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One key that is not as wanted. None stands for what is not there."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Row:
    """An item compared with GitHub. `unseen`: keys that the token may not see. `why` it is left
    out, where GitHub cannot hold it here."""

    item: Item
    state: State
    changes: tuple[Change, ...] = ()
    unseen: tuple[str, ...] = ()
    why: str = ""

    def to_json(self) -> Mapping[str, Any]:
        return {
            "what": self.item.kind,
            "name": self.item.name,
            "state": self.state,
            "changes": self.changes,
            "unseen": self.unseen,
            "why": self.why,
        }


def compare(item: Item, live: Mapping[str, Any] | None) -> Row:
    """Compare what is wanted with what GitHub has; None: it has nothing of that name.

    GitHub leaves out of its answer what a token may not see, always a whole key of the thing.
    """
    if live is None:
        return Row(
            item, "create", tuple(Change(key, None, item.content[key]) for key in item.content)
        )
    unseen = tuple(key for key in item.content if key not in live)
    seen = {key: value for key, value in item.content.items() if key in live}
    changes = tuple(_changes("", seen, {key: live[key] for key in seen}))
    return Row(item, "change" if changes else "same", changes, unseen)


def _changes(path: str, wanted: Any, live: Any) -> Iterator[Change]:
    """Only what is wanted is compared, since GitHub adds keys of its own; but a rule that a
    person added is shown: the file is the whole ruleset."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        extra = [key for key in live if path == "rules" and key not in wanted]
        for key in (*wanted, *extra):
            yield from _changes(
                f"{path}.{key}".lstrip("."), wanted.get(key), _known(live, key, wanted.get(key))
            )
    elif _sorted(wanted) != _sorted(live):
        yield Change(path, live, wanted)


def _known(live: Mapping[str, Any], key: str, wanted: Any) -> Any:
    """GitHub leaves out switches that are off."""
    return live.get(key, False if wanted is False else None)


def _sorted(value: Any) -> Any:
    """Lists here are sets: of actors, checks, branches and names."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return sorted((_sorted(item) for item in value), key=lambda i: json.dumps(i, default=str))
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value
