"""Hundreds of requests made from the OpenAPI document, valid ones and broken ones: each is
answered or refused as the document says, and none is an error of the service."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.schemas import APIOperation

from serving.contract import Task
from serving.settings.host import Host
from tests.serving.conftest import client_of
from tests.serving.protocols.conftest import ALL

# `THOROUGH=1 make test`: thousands of cases, other ones each time; else hundreds, always the same.
THOROUGH = os.environ.get("THOROUGH") == "1"
# Of each kind. The document says most about /predict; of other protocols' bodies it says little.
CASES = {"/predict": 450 if THOROUGH else 120}
OTHERS = 120 if THOROUGH else 30
LEAST = 2_000 if THOROUGH else 500


def cases(operation: APIOperation) -> int:
    """Without a body there is nothing to vary."""
    return CASES.get(operation.path, OTHERS) if operation.method == "post" else 1


def tried(operation: APIOperation, mode: GenerationMode, statuses: Counter[int]) -> None:
    """Ask with cases of one kind; AssertionError with the first that is not answered well."""

    @settings(
        max_examples=cases(operation),
        database=None,
        deadline=None,
        derandomize=not THOROUGH,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Case) -> None:
        response = case.call()
        statuses[response.status_code] += 1
        assert response.status_code < 500, (case.method, case.path, case.body, response.text)
        documented = operation.definition.raw["responses"]
        known = documented.keys() & {str(response.status_code), "default"}
        assert known or response.status_code == 405, (
            response.status_code,
            case.method,
            case.path,
            case.body,
        )

    ask()


@pytest.mark.filterwarnings("ignore")
def test_no_request_of_the_document_is_an_error_of_the_service(
    models: dict[Task, Path], tmp_path: Path
) -> None:
    host = Host(local=True, log_folder=tmp_path)
    client = client_of(models["binary"], host=host, **ALL.model_dump())
    schema = schemathesis.openapi.from_asgi("/docs.json", client.app)
    statuses: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in ("/livez", "/readyz"):
            continue  # BentoML's own, not in this application
        tried(operation, GenerationMode.POSITIVE, statuses)
        if operation.method == "post":
            tried(operation, GenerationMode.NEGATIVE, statuses)
    assert statuses.total() >= LEAST
    assert statuses[200] > LEAST / 10
    assert statuses[422] > LEAST / 10
