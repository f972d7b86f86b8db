"""Whatever a request holds, a protocol answers it or refuses it: nothing else is raised.

Examples are drawn in the same order each time, so that a failure on one machine is one on all;
with THOROUGH=1 there are more of them, and other ones each time.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from serving.errors import Refusal
from serving.http.app import Service
from serving.predict.predictor import Query
from serving.protocols import protocols_of
from serving.protocols.protocol import Message, PredictRoute
from serving.settings.service import Start
from tests.serving.protocols.conftest import ALL, Polyglots
from tests.serving.protocols.speakers import SPEAKERS, Speaker
from tests.serving.tiny import WEIGHTS, tiny_frame, tiny_instances
from tests.serving.tiny_tensor import tensor_rows

START = Start("r-0123456789ab", ALL, None, "/aip/predict", "/aip/health")
ROUTES = [route for protocol in protocols_of(START) for route in protocol.predicts]
KEYS = [*WEIGHTS, "window", "instances", "inputs", "outputs", "columns", "data", "shape"]
KEYS += ["datatype", "name", "parameters", "binary_data_size", "binary_data_output", "id"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, -1, 2**31, 2**63 - 1, 2**63, 2**64, 10**400]),
    st.floats(),
    st.sampled_from([*KEYS, "FP32", "FP16", "INT64", "UINT64", "BOOL", "BYTES", "", "\x00"]),
    st.text(max_size=6),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4),
    ),
    max_leaves=12,
)
THOROUGH = os.environ.get("THOROUGH") == "1"
TRIED = settings(
    max_examples=400 if THOROUGH else 40,
    deadline=None,
    derandomize=not THOROUGH,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EACH = pytest.mark.parametrize("name", SPEAKERS)
# Of CSV, the cells are bytes of the test that takes any.
EACH_JSON = pytest.mark.parametrize("name", [name for name in SPEAKERS if "csv" not in name])


def route_of(speaker: Speaker) -> PredictRoute:
    """The route whose decoder `speaker` talks to."""
    path = speaker.path.replace("/tiny/versions/1", "/{model}").replace("/any/", "/{endpoint}/")
    path = path.replace("/tiny/1", "/{model}").replace("/tiny", "/{model}")
    known = {each.path: each for each in reversed(ROUTES)}
    return known.get(path) or next(each for each in ROUTES if each.path.startswith("/v1/projects"))


def answer(
    service: Service, route: PredictRoute, body: bytes, headers: dict[str, str]
) -> Query | None:
    """What the route does with a body, without a server; None if it refuses."""
    kind = headers.get("Content-Type", "").partition(";")[0]
    message = Message(body, kind, Headers(headers), {})
    predictor = service.predictor
    try:
        query = route.decode(message, predictor.contract)
        scored = predictor(query)
    except Refusal as refusal:
        brief = len(str(refusal)) < 600  # it does not repeat the request
        return None if brief and 400 <= refusal.status < 500 else pytest.fail(str(refusal))
    assert route.encode(scored, query, predictor).body
    return query


def requests(speaker: Speaker, service: Service) -> Iterator[tuple[bytes, dict[str, str]]]:
    """Requests that fit, for a model with scalars or with a tensor."""
    contract = service.predictor.contract
    scalar = not contract.inputs[0].shape
    rows = tiny_instances(tiny_frame(3, seed=1)) if scalar else tensor_rows(3)
    asked = speaker.write(rows, contract)
    yield asked.content, dict(asked.headers)


@EACH
@pytest.mark.parametrize("model", ["binary", "tensor"])
def test_any_bytes(polyglots: Polyglots, name: str, model: str) -> None:
    service, route = polyglots[model][0], route_of(SPEAKERS[name])
    [(valid, headers)] = requests(SPEAKERS[name], service)

    @TRIED
    @given(st.binary(max_size=40), st.integers(0, len(valid)), st.integers(0, len(valid)))
    def run(noise: bytes, start: int, end: int) -> None:
        answer(service, route, noise, headers)
        answer(service, route, valid[:start] + noise + valid[end:], headers)

    run()


@EACH_JSON
@pytest.mark.parametrize("model", ["binary", "tensor"])
def test_any_value_in_any_place(polyglots: Polyglots, name: str, model: str) -> None:
    """A request that fits, with one part of its JSON replaced."""
    service, route = polyglots[model][0], route_of(SPEAKERS[name])
    [(valid, headers)] = requests(SPEAKERS[name], service)
    length = int(headers.get("Inference-Header-Content-Length", len(valid)))
    document = json.loads(valid[:length])
    fits = answer(service, route, valid, headers)

    @TRIED
    @given(VALUES, st.integers(0, 2**32))
    def run(value: Any, seed: int) -> None:
        changed = replaced(document, value, random.Random(seed))
        head = json.dumps(changed).encode()
        if "Inference-Header-Content-Length" in headers:
            headers["Inference-Header-Content-Length"] = str(len(head))
        answer(service, route, head + valid[length:], headers)

    assert fits is not None or model == "tensor"
    run()


def replaced(document: Any, value: Any, chance: random.Random) -> Any:
    """A copy in which one node, an own key or the whole is `value`."""
    if not isinstance(document, dict | list) or not document or chance.random() < 0.1:
        return value
    if isinstance(document, list):
        position = chance.randrange(len(document))
        return [
            replaced(part, value, chance) if index == position else part
            for index, part in enumerate(document)
        ]
    key = chance.choice(list(document))
    if chance.random() < 0.15:
        return {k: part for k, part in document.items() if k != key}
    return document | {key: replaced(document[key], value, chance)}
