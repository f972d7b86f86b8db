"""What a change of contract does to clients and to a rollback: the list the contract gate reads.

Backward: a request made for the old contract must be good for the new one. Forward: a request
made for the new contract must be good for the old one, or shadowing and rolling back break.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from serving.contract import Contract, Input, Output


@dataclass(frozen=True)
class Change:
    """One difference. `breaks` says whom: clients, a rollback, both, or "" for nobody."""

    kind: str
    where: str
    text: str
    breaks: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def changes(old: Contract, new: Contract) -> tuple[Change, ...]:
    """Every difference that a client can notice, breaking ones first."""
    differences = [*_inputs(old, new), *_answers(old, new)]
    return tuple(sorted(differences, key=lambda change: not change.breaks))


def _inputs(old: Contract, new: Contract) -> Iterator[Change]:
    before = {column.name: column for column in old.inputs}
    after = {column.name: column for column in new.inputs}
    added = [column for column in new.inputs if column.name not in before]
    for name, column in before.items():
        if name in after:
            yield from _input(column, after[name])
            continue
        twin = next((other for other in added if _same_but_for_name(column, other)), None)
        if twin is not None:
            added.remove(twin)
            text = f"input {name} renamed to {twin.name}"
            yield Change("renamed", name, text, "clients and rollback")
        else:
            yield Change("dropped", name, f"input {name} dropped", "clients and rollback")
    for column in added:
        text = f"input {column.name} added"
        if column.nullable:
            yield Change("added", column.name, f"{text}, nullable", "")
        else:
            yield Change("required", column.name, f"{text} and not nullable", "clients")


def _same_but_for_name(one: Input, other: Input) -> bool:
    fields = ("dtype", "shape", "unit", "range", "categories", "nullable")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def _input(old: Input, new: Input) -> Iterator[Change]:
    name, both = old.name, "clients and rollback"
    for field in ("dtype", "shape", "unit"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            kind = "retyped" if field == "dtype" else field
            yield Change(kind, name, f"input {name}: {field} {before} became {after}", both)
    if old.nullable and not new.nullable:
        yield Change("required", name, f"input {name} may no longer be null", "clients")
    if new.nullable and not old.nullable:
        yield Change("optional", name, f"input {name} may now be null", "")
    yield from _limits(old, new)
    yield from _categories(old, new)


def _limits(old: Input, new: Input) -> Iterator[Change]:
    if old.range == new.range:
        return
    text = f"input {old.name}: range {_span(old.range)} became {_span(new.range)}"
    low, high = old.range or (float("-inf"), float("inf"))
    new_low, new_high = new.range or (float("-inf"), float("inf"))
    narrower = new_low > low or new_high < high
    yield Change("range", old.name, text, "clients" if narrower else "")


def _span(limits: tuple[float, float] | None) -> str:
    return "none" if limits is None else f"[{limits[0]:g}, {limits[1]:g}]"


def _categories(old: Input, new: Input) -> Iterator[Change]:
    name = old.name
    if new.categories is None:
        return
    if new.unseen == "reject" and (old.unseen == "accept" or old.categories is None):
        text = f"input {name}: unseen categories are now refused"
        yield Change("unseen", name, text, "clients")
    elif new.unseen != old.unseen:
        yield Change("unseen", name, f"input {name}: unseen categories are now accepted", "")
    lost = sorted(set(old.categories or ()) - set(new.categories))
    if lost:
        some = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        text = f"input {name}: categories {some} are gone"
        yield Change("categories", name, text, "clients" if new.unseen == "reject" else "")


def _answers(old: Contract, new: Contract) -> Iterator[Change]:
    both = "clients and rollback"
    for field in ("task", "classes"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change(field, field, f"{field} {_text(before)} became {_text(after)}", both)
    after_by_name = {output.name: output for output in new.outputs}
    for output in old.outputs:
        yield from _output(output, after_by_name.pop(output.name, None))
    for name in after_by_name:
        yield Change("output", name, f"output {name} added", "")
    if old.threshold != new.threshold:
        text = f"threshold {_short(old.threshold)} became {_short(new.threshold)}"
        yield Change("threshold", "threshold", text, "")


def _output(old: Output, new: Output | None) -> Iterator[Change]:
    both = "clients and rollback"
    if new is None:
        yield Change("output", old.name, f"output {old.name} dropped", both)
        return
    for field in ("dtype", "shape"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            text = f"output {old.name}: {field} {before} became {after}"
            yield Change("output", old.name, text, both)


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _short(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.4g}"
