"""What a retrained model changes, as Markdown: its metrics and its parameters, old and new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from delivery.documents import parse_yaml
from delivery.report.cells import cell

Flat = Mapping[str, Any]


def difference(metrics: tuple[Flat, Flat], params: tuple[str, str]) -> str:
    """The body of a retrain pull request. Each pair is (before, after).

    Metrics are those on validation, each model's own: the gates compare both on the same rows.
    """
    before, after = (dict(_flat(side)) for side in metrics)
    rows = [
        f"| {cell(name)} | {_number(before.get(name))} | {_number(after.get(name))} "
        f"| {_change(before.get(name), after.get(name))} |"
        for name in sorted(before.keys() | after.keys())
        if _is_number(before.get(name)) or _is_number(after.get(name))
    ]
    return "\n".join(
        [
            "Trained anew by `dvc repro`. The gates judge it on this pull request.",
            "",
            "| metric on validation | before | after | change |",
            "|---|---|---|---|",
            *rows,
            "",
            *_params(params),
            "",
        ]
    )


def _params(params: tuple[str, str]) -> list[str]:
    old, new = (dict(_flat(parse_yaml(text, "params.yaml") or {})) for text in params)
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if not changed:
        return ["No parameter changed."]
    rows = [f"| {cell(n)} | {cell(old.get(n))} | {cell(new.get(n))} |" for n in changed]
    return ["| parameter | before | after |", "|---|---|---|", *rows]


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield prefix, value
        return
    for key, child in value.items():
        yield from _flat(child, f"{prefix}.{key}" if prefix else str(key))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _change(old: Any, new: Any) -> str:
    return f"{new - old:+.4g}" if _is_number(old) and _is_number(new) else ""


def _number(value: Any) -> str:
    return f"{value:.4g}" if _is_number(value) else "–"
