"""A judgement survives the record that it is written into."""

from __future__ import annotations

import json

import pytest

from delivery.gates.judgement import Judgement
from delivery.gates.verdict import Verdict

VERDICTS = (
    Verdict("load", "fail", "m", "r", "w", {"p95": 3.5}, "a reason"),
    Verdict("data", "pass", "m", "r", "w"),
)


@pytest.mark.parametrize("champion", ["r-2", None])
def test_json_gives_the_judgement_back(champion: str | None) -> None:
    judgement = Judgement(VERDICTS, "r-1", champion, {"judged": {"candidate_sha256": "a" * 64}})
    text = json.dumps(judgement.to_json(), allow_nan=False)
    assert Judgement.from_json(json.loads(text)) == judgement


def test_a_record_that_names_no_override_is_read() -> None:
    """As they were written before verdicts could be overridden."""
    content = Judgement(VERDICTS, "r-1", None, {}).to_json()
    for verdict in content["verdicts"]:
        del verdict["override"], verdict["details"]
    assert [v.override for v in Judgement.from_json(content).verdicts] == ["", ""]
