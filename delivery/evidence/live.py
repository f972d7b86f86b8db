"""An instance that runs: what the active gates ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.bento.bento import Bento
from delivery.bento.server import DEFAULTS
from delivery.bento.temporary import Progress
from delivery.gates.policy import GatesPolicy
from delivery.gates.supply_chain import signature
from delivery.gates.verdict import Verdict
from serving.settings.service import ServingSettings


@dataclass(frozen=True)
class Live:
    """`url` answers, and `bento` is what should answer there; `previous` is what ran before. Where
    no service runs `url` is empty, and `envs` is where the libraries lie that score files.

    `settings` are what the instance was started with. `under_load` is False where it was verified
    here before. `signature` is the evidence on its signature, None where nobody asks for it.
    `verdicts` are those that stand already: later gates may save their time.
    """

    url: str
    bento: Bento
    previous: Bento | None
    policy: GatesPolicy
    progress: Progress
    settings: ServingSettings = DEFAULTS
    under_load: bool = True
    signature: signature.Evidence | None = None
    verdicts: Sequence[Verdict] = ()
    envs: Path = Path()
