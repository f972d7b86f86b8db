"""What holds for every verdict of every gate, whatever it is asked in these tests."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from delivery.gates.verdict import Status, Verdict

TEXTS = ("measured", "required", "why")


@pytest.fixture(autouse=True)
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict is made under the name of its gate. It says in a line each what was measured, what
    is required and why, in plain words. Its details are JSON, under names in small letters."""
    make = Verdict.__init__

    def made(self: Verdict, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        maker = sys._getframe(1).f_globals
        assert self.status in get_args(Status)
        assert isinstance(self.details, Mapping)
        assert [name for name in self.details if name != name.lower()] == []
        json.dumps(self.to_json(), allow_nan=False)
        if maker["__name__"].startswith("delivery.gates."):
            assert self.gate == maker.get("GATE", self.gate)
            assert [name for name in TEXTS if not _is_plain(getattr(self, name))] == []

    monkeypatch.setattr(Verdict, "__init__", made)


def _is_plain(text: object) -> bool:
    """One line without a word that shouts: what is in capitals is short, such as SBOM, or a
    variable's name."""
    return isinstance(text, str) and "\n" not in text and not re.search(r"\b[A-Z]{6,}\b", text)
