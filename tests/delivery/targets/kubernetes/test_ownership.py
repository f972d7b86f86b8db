"""Who changed what of an object, told by what the API server writes down."""

from __future__ import annotations

from typing import Any

import pytest

from delivery.targets.kubernetes.ownership import changes

APPLIED = {
    "metadata": {"name": "x", "labels": {"a": "1"}},
    "spec": {"containers": [{"name": "model", "image": "i", "env": [{"name": "E", "value": "5"}]}]},
}
VARIABLE = 'k:{"name":"E"}'
CONTAINER = 'k:{"name":"model"}'


def there(*entries: dict[str, Any]) -> dict[str, Any]:
    return {**APPLIED, "metadata": {**APPLIED["metadata"], "managedFields": list(entries)}}


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "fieldsV1": fields, **more}


def test_what_nobody_touched_is_unchanged() -> None:
    mine = entry("delivery", {"f:spec": {"f:containers": {CONTAINER: {"f:image": {}}}}})
    assert changes(APPLIED, there(mine)) == []


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"f:spec": {"f:containers": {CONTAINER: {"f:image": {}}}}}, 'name":"model"}].image'),
        ({"f:metadata": {"f:labels": {"f:a": {}}}}, ".metadata.labels.a"),
        (
            {"f:spec": {"f:containers": {CONTAINER: {"f:env": {VARIABLE: {"f:value": {}}}}}}},
            '.env[{"name":"E"}].value',
        ),
    ],
)  # fmt: skip
def test_a_field_that_another_set_is_named(fields: dict[str, Any], path: str) -> None:
    (found,) = changes(APPLIED, there(entry("kubectl-edit", fields)))
    assert found.startswith("kubectl-edit changed ")
    assert found.endswith(path)


@pytest.mark.parametrize(
    "other",
    [
        entry("hpa", {"f:spec": {"f:replicas": {}}}),
        entry("controller", {"f:spec": {"f:containers": {}}}, subresource="status"),
        entry("sidecar", {"f:spec": {"f:containers": {'k:{"name":"y"}': {"f:image": {}}}}}),
    ],
)
def test_what_delivery_never_said_is_free(other: dict[str, Any]) -> None:
    assert changes(APPLIED, there(other)) == []


def test_what_was_taken_away_is_named() -> None:
    found = {**there(), "spec": {"containers": [{"name": "model", "image": "i"}]}}
    assert changes(APPLIED, found) == ["somebody removed .spec.containers[model].env"]
