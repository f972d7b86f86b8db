"""`delivery retrain`: train anew and propose the result as one pull request.

    one machine     delivery retrain [--set KEY=VALUE]
    two jobs        delivery retrain --pack FOLDER      runs the code that trains; may not write
                    delivery retrain --from FOLDER      may write, and runs main's code alone

What lies in FOLDER is data to the second job: files by name, objects checked against their hash.
"""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.forge.runs import Runs
from delivery.retraining.proposal import (
    RetrainResult,
    pack_to,
    propose_from,
    require_own,
    train,
)

__all__ = ["AskResult", "RetrainResult", "ask_for", "pack_to", "propose_from", "train"]


@dataclass(frozen=True, slots=True)
class AskResult:
    """The branch that a job on main was asked to train."""

    asked: str


def ask_for(context: Context, branch: str) -> AskResult:
    """Start train.yml on main about `branch`, whose own run could not write what it trains."""
    require_own(branch)  # before hours of training, not after
    github = context.surroundings.github
    assert github is not None
    # Twice does no harm: the same training gives the same bytes.
    Runs(context.api, github.slug).start("train.yml", "main", {"branch": branch})
    return AskResult(branch)
