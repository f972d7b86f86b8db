"""What an instance counts as where nothing else is said."""

from __future__ import annotations

from pathlib import Path

from delivery.bento.server import DEFAULTS
from tests.delivery.evidence.trials import live, tiny_bento


def test_an_instance_is_put_under_load_and_nobody_asks_for_a_signature(tmp_path: Path) -> None:
    """Without load by default, an instance that is verified for the first time would not be."""
    instance = live(tiny_bento(tmp_path))
    assert instance.under_load
    assert (instance.settings, instance.signature, instance.verdicts) == (DEFAULTS, None, ())
