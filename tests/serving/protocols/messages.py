"""Requests and answers of a protocol, without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from serving.contract import Contract
from serving.predict.loaded_model import load_model
from serving.predict.predictor import Predictor, Query, Scored
from serving.protocols.protocol import Message, PredictRoute, Reply
from serving.rows.batch import Batch
from serving.settings.service import ServingSettings, Start
from tests.serving.tiny import tiny_contract, write_tiny_model

ROW = {"distance": 800.0, "wind": None, "hour": 9, "weekend": False, "carrier": "UA"}
CONTRACT = tiny_contract()


def message(content: Any, kind: str = "application/json", **headers: str) -> Message:
    """A request with `content` as JSON, or as it is."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Message(body, kind, headers, {})


def decoded(route: PredictRoute, content: Any, contract: Contract = CONTRACT) -> Query:
    return route.decode(message(content), contract)


def scored(*scores: Any) -> Scored:
    values = np.array(scores, np.float32)
    return Scored(values, Batch({}, len(values), 0), 0)


def content(reply: Reply) -> Any:
    return json.loads(reply.body)


def tiny_predictor(folder: Path) -> Predictor:
    write_tiny_model(folder)
    return Predictor(load_model(folder), Start("r-0123456789ab", ServingSettings()))
