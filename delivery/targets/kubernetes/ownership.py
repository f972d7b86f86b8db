"""What another hand made of an object that `delivery` applied: the API server writes down who set
which field last (`managedFields`), and what was taken away is not there any more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from delivery.manifests.objects import Object

MANAGER = "delivery"


def changes(applied: Object, there: Object) -> Sequence[str]:
    """Each field of `applied` that another manager set, with its name, and each that is gone."""
    foreign = [
        f"{manager} changed {', '.join(paths)}"
        for manager, paths in _foreign(applied, there).items()
    ]
    gone = [
        path
        for part in ("spec", "metadata")
        for path in _missing(applied.get(part), there.get(part), f".{part}")
    ]
    return [*foreign, *([f"somebody removed {', '.join(gone)}"] if gone else [])]


def _foreign(applied: Object, there: Object) -> Mapping[str, Sequence[str]]:
    """Manager → fields of `applied` that it set. What a controller reports is a subresource."""
    found: dict[str, list[str]] = {}
    for entry in there["metadata"].get("managedFields", []):
        if entry["manager"] == MANAGER or entry.get("subresource"):
            continue
        paths = list(_owned(entry.get("fieldsV1", {}), applied, ""))
        if paths:
            found.setdefault(str(entry["manager"]), []).extend(paths)
    return found


def _owned(fields: Mapping[str, Any], applied: Any, path: str) -> Iterator[str]:
    """The places of `fields` (FieldsV1) that `applied` has a value for."""
    for key, below in fields.items():
        kind, _, name = key.partition(":")
        if kind == "f" and isinstance(applied, Mapping) and name in applied:
            value, place = applied[name], f"{path}.{name}"
        elif kind == "k" and isinstance(applied, Sequence):
            value, place = _item(applied, json.loads(name)), f"{path}[{name}]"
        else:
            continue
        if value is None:
            continue
        if below:
            yield from _owned(below, value, place)
        else:
            yield place


def _item(items: Sequence[Any], keys: Mapping[str, Any]) -> Any:
    """The item of a list that has these keys; defaults that it leaves out are not asked for."""
    for item in items:
        if isinstance(item, Mapping) and all(item.get(k, v) == v for k, v in keys.items()):
            return item
    return None


def _missing(applied: Any, there: Any, path: str) -> Iterator[str]:
    if there is None and applied not in (None, {}, []):
        yield path
    elif isinstance(applied, Mapping) and isinstance(there, Mapping):
        for key, value in applied.items():
            yield from _missing(value, there.get(key), f"{path}.{key}")
    elif isinstance(applied, list) and isinstance(there, list):
        for number, value in enumerate(applied):
            named = isinstance(value, Mapping) and "name" in value
            found = (
                _item(there, {"name": value["name"]})
                if named
                else next(iter(there[number : number + 1]), None)
            )
            yield from _missing(value, found, f"{path}[{value['name'] if named else number}]")
