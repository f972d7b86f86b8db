"""A key that is made here is one that the service takes."""

from __future__ import annotations

import pytest

from serving.guard.callers.auth import ApiKeys
from serving.guard.keys import main, make_key


def test_a_made_key_works_until_it_expires(capsys: pytest.CaptureFixture[str]) -> None:
    main(["ci", "--scope", "predict", "--scope", "metrics", "--days", "1"])
    shown = capsys.readouterr()
    key = shown.err.strip().removeprefix("the key, shown once: ")
    assert key not in shown.out
    caller = ApiKeys(f"[{shown.out}]").caller(key)
    assert (caller.name, caller.scopes) == ("key:ci", {"predict", "metrics"})
    assert make_key("ci", ["predict"], 1)[0] != make_key("ci", ["predict"], 1)[0]
