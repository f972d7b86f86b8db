"""What bentos answer. Each answer is remembered by the content of bento and rows, so that judging
the same bytes again takes seconds and starts no server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from delivery.bento.bento import Bento
from delivery.bento.client import score_rows
from delivery.bento.temporary import Progress, Servers
from delivery.cache import Cache
from delivery.documents import canonical_sha256
from delivery.errors import HeldError
from delivery.evidence.holdout import Holdout
from delivery.evidence.table import Table, instances
from delivery.gates.numbers.bootstrap import Floats
from serving.contract import Contract
from serving.strict import Strict


@dataclass(frozen=True)
class Answer:
    """The scores that a bento answered; None where it refused, and `missing` says why."""

    scores: Floats | None
    missing: str = ""


@dataclass(frozen=True)
class Predictions:
    """Asks bentos through temporary servers, which start only for what is not remembered."""

    workspace: Path
    servers: Servers

    @property
    def progress(self) -> Progress:
        return self.servers.progress

    def url(self, bento: Bento) -> str:
        """Where a temporary server of the bento answers; TargetError if it does not come up."""
        return self.servers.url(bento)

    def holdout(self, bento: Bento, holdout: Holdout) -> Answer:
        """The scores of the holdout rows."""

        def ask() -> Floats:
            url = self.url(bento)
            self.progress(f"scoring {len(holdout):,} holdout rows with {bento.id}")
            return score_table(url, holdout.table, bento.contract, holdout.file)

        key = f"{bento.sha256[:16]}-{holdout.sha256[:16]}"
        try:
            scores = self.cache("scores").array(key, ask)
        except HeldError as error:
            return Answer(None, f"{bento.id}: {error}")
        if len(scores) != len(holdout):
            return Answer(None, f"{bento.id} answered {len(scores)} of {len(holdout)} rows")
        return Answer(scores)

    def rows(self, bento: Bento, rows: Sequence[dict[str, Any]]) -> Floats:
        """The answers to rows of a request; HeldError if the bento refuses one."""
        key = f"{bento.sha256[:16]}-{canonical_sha256(rows)[:16]}"
        return self.cache("answers").array(key, lambda: score_rows(self.url(bento), rows))

    def cache(self, kind: str) -> Cache:
        """What was measured or answered before, by content."""
        return Cache(self.workspace / "cache" / kind)


def score_table(url: str, table: Table, contract: Contract, file: Path) -> Floats:
    """Scores of every row of `table`, sending the contract's inputs and nothing else."""
    rows = list(instances(table, contract, file))
    return score_rows(url, rows, name=f"row of {file.name}")


def policy_sha256(policy: Strict) -> str:
    """The hash of a policy's canonical JSON."""
    return canonical_sha256(policy.model_dump(mode="json"))
