from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.sealed.reach import Reach
from pipeline.sealed.seal import Seal

NOTHING = Reach((), ())


@pytest.mark.parametrize(
    ("abi", "sockets", "held"),
    [
        (0, True, []),
        (3, False, ["files"]),
        (4, False, ["files", "tcp"]),
        (3, True, ["files", "network"]),
        (7, True, ["files", "network"]),
    ],
)
def test_what_holds_depends_on_the_kernel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, abi: int, sockets: bool, held: list[str]
) -> None:
    monkeypatch.setattr("pipeline.sealed.landlock.abi", lambda: abi)
    monkeypatch.setattr("pipeline.sealed.sockets.can_refuse", lambda: sockets)
    monkeypatch.setattr("pipeline.sealed.landlock.Rules", Recorded)
    seal = Seal(NOTHING, [], tmp_path)
    assert seal.held == held
    seal.close()


class Recorded:
    """Stands in for rules, on a kernel that has none."""

    def read(self, paths: object) -> None: ...

    def list_names(self, paths: object) -> None: ...

    def write(self, paths: object) -> None: ...

    def close(self) -> None: ...
