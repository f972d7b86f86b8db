"""Logged rows, scored by a release that did not answer them."""

from __future__ import annotations

from typing import Any

import numpy as np

from delivery.bento.bento import Bento
from delivery.bento.client import score_rows
from delivery.bento.temporary import Servers
from delivery.errors import HeldError
from delivery.gates.numbers.bootstrap import Floats
from delivery.monitoring.judges.rows import Rows
from serving.contract import Input


def replay(servers: Servers, bento: Bento, rows: Rows) -> Floats:
    """What `bento` answers to `rows`: [rows] or [rows, classes].

    Raises:
        HeldError: the log does not hold an input as it was sent, or the release refuses a row.
    """
    specs = bento.contract.inputs
    if hidden := [spec.name for spec in specs if spec.sensitive]:
        raise HeldError(f"{hidden[0]} is sensitive, so the log does not hold it as it was sent")
    if lacking := [spec.name for spec in specs if spec.name not in rows.inputs]:
        raise HeldError(f"{bento.id} asks for {lacking[0]}, which is not in the log")
    if not len(rows):
        return np.zeros(0)
    columns = {spec.name: _values(spec, rows) for spec in specs}
    instances = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values())]  # noqa: B905 - columns of one table
    return score_rows(servers.url(bento), instances, name="logged row")


def _values(spec: Input, rows: Rows) -> list[Any]:
    """As JSON has them: whole numbers whole, and null where a value is missing."""
    values = rows.inputs[spec.name].tolist()
    if spec.dtype == "int64":
        return [None if value != value else int(value) for value in values]
    return [None if value != value else value for value in values]
