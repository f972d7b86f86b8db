"""Tiny models that answer the same and take more for it: time, or memory."""

from __future__ import annotations

from pathlib import Path

from serving.contract import PREDICTOR
from tests.serving.tiny_predictor import write_predictor

ANSWER = "        return 1 / (1 + np.exp(-raw))\n"
WAITED = f"        __import__('time').sleep(0.15)\n{ANSWER}"
HELD = "\nTABLE = np.ones(40_000_000)  # 320 MB that nobody needs\n"


def slow(folder: Path) -> None:
    """Waits before it answers."""
    code = _code(folder)
    text = code.read_text(encoding="utf-8")
    assert ANSWER in text
    code.write_text(text.replace(ANSWER, WAITED), encoding="utf-8")


def hungry(folder: Path) -> None:
    """Holds a large table from its start on."""
    code = _code(folder)
    code.write_text(code.read_text(encoding="utf-8") + HELD, encoding="utf-8")


def _code(folder: Path) -> Path:
    write_predictor(folder)
    return folder / PREDICTOR / "__init__.py"
