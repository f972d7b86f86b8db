"""Rows and answers as a schema, from the contract."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_fields_carry_the_limits_of_the_contract(client: TestClient) -> None:
    row = client.get("/docs.json").json()["components"]["schemas"]["Row"]
    assert row["required"] == ["distance", "hour", "weekend", "carrier"]
    assert row["properties"]["hour"] == {
        "type": "integer",
        "format": "int64",
        "minimum": 0,
        "maximum": 23,
        "description": "local hour of departure. an integer (int64) from 0 to 23",
    }
    assert row["properties"]["wind"]["nullable"] is True
    assert "enum" not in row["properties"]["carrier"]
