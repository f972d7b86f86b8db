"""Ask bentos for what gates need. What was asked before is remembered by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from delivery.bento.client import Example, cached, read_examples, score_rows, score_table
from delivery.bento.digest import content_sha256
from delivery.bento.temporary import Servers, Subject
from delivery.errors import HeldError
from delivery.evidence.evaluation import Holdout
from delivery.evidence.service.latency import side_by_side
from delivery.evidence.service.load import measure
from delivery.files import write_whole
from delivery.gates.numbers.bootstrap import Floats
from delivery.gates.service import latency, load, parity
from delivery.gates.verdict import Verdict
from serving.contract import EXAMPLES, Contract, Strict


@dataclass(frozen=True)
class Asked:
    """What a bento answered; None where it refused, and `missing` says why."""

    scores: Floats | None
    missing: str = ""


@dataclass(frozen=True)
class Interview:
    """Asks subjects through temporary servers, which start only for what is not remembered."""

    workspace: Path
    servers: Servers

    def holdout(self, subject: Subject, contract: Contract, holdout: Holdout) -> Asked:
        """The scores of the holdout rows."""

        def ask() -> Floats:
            url = self.servers.url(subject)
            self.servers.progress(f"scoring {len(holdout):,} holdout rows with {subject.release}")
            return score_table(url, holdout.table, contract, holdout.file)

        key = f"{_sha(subject)}-{holdout.sha256[:16]}"
        try:
            scores = cached(self.workspace / "cache" / "scores", key, ask)
        except HeldError as error:
            return Asked(None, f"{subject.release}: {error}")
        if len(scores) != len(holdout):
            return Asked(None, f"{subject.release} answered {len(scores)} of {len(holdout)} rows")
        return Asked(scores)

    def examples(self, subject: Subject) -> parity.Evidence:
        """The answers to the subject's own examples."""
        try:
            examples = read_examples(subject.model)
            answered = self.rows(subject, [example.instance for example in examples])
        except HeldError as error:
            return parity.Evidence((), None, None, str(error))
        return parity_evidence(examples, answered)

    def rows(self, subject: Subject, rows: Sequence[dict[str, Any]]) -> Floats:
        """The answers to rows of a request; HeldError if the subject refuses one."""
        asked = hashlib.sha256(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)).hexdigest()
        folder, key = self.workspace / "cache" / "answers", f"{_sha(subject)}-{asked[:16]}"
        return cached(folder, key, lambda: score_rows(self.servers.url(subject), rows))

    def load(self, subject: Subject, policy: load.Policy) -> Verdict:
        """The verdict under load. Only a pass is remembered: a busy machine may fail once."""
        key = f"{_sha(subject)}-{policy_sha256(policy)[:16]}"
        note = self.workspace / "cache" / "load" / f"{key}.json"
        measured = _remembered(note)
        if measured is None:
            url = self.servers.url(subject)
            self.servers.progress(f"sending load to {subject.release} for {policy.seconds:g} s")
            measured = measure(url, subject.model / EXAMPLES, policy)
        verdict = load.judge(load.Evidence(measured), policy)
        if verdict.status == "pass":
            write_whole(note, json.dumps(measured.to_json()))
        return verdict

    def beside(self, subject: Subject, opponent: Subject | None, policy: latency.Policy) -> Verdict:
        """The verdict beside the champion. Harm has to be found twice; a pass is remembered."""
        if opponent is None:
            return latency.judge(latency.Evidence(first=True), policy)
        key = f"{_sha(subject)}-{_sha(opponent)}-{policy_sha256(policy)[:16]}"
        note = self.workspace / "cache" / "latency" / f"{key}.json"
        found = _sides(note)
        if found is None:
            found = self._side_by_side(subject, opponent, policy)
            if latency.judge(found, policy).status == "fail":
                found = self._side_by_side(subject, opponent, policy)
        verdict = latency.judge(found, policy)
        if verdict.status == "pass":
            write_whole(note, json.dumps(found.to_json()))
        return verdict

    def _side_by_side(
        self, subject: Subject, opponent: Subject, policy: latency.Policy
    ) -> latency.Evidence:
        urls = self.servers.url(subject), self.servers.url(opponent)
        self.servers.progress(f"measuring {subject.release} and {opponent.release} side by side")
        try:
            rows = [example.instance for example in read_examples(subject.model)]
            return latency.Evidence(*side_by_side(urls, rows, policy))
        except HeldError as error:
            return latency.Evidence(missing=str(error))


def parity_evidence(examples: Sequence[Example], answered: Floats) -> parity.Evidence:
    """Examples and what a bento answered to them; predictions of unequal length are none."""
    instances = [example.instance for example in examples]
    try:
        expected = np.array([example.prediction for example in examples], dtype=np.float64)
    except (TypeError, ValueError) as error:
        return parity.Evidence(instances, None, None, f"{EXAMPLES} is uneven: {error}")
    return parity.Evidence(instances, expected, answered)


def policy_sha256(policy: Strict) -> str:
    """The hash of a policy's canonical JSON."""
    content = json.dumps(policy.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _sha(subject: Subject) -> str:
    """Of the bytes, not of the name that somebody gave them."""
    return content_sha256(subject.bento)[:16]


def _sides(note: Path) -> latency.Evidence | None:
    try:
        return latency.Evidence.from_json(json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # absent or damaged: measured again


def _remembered(note: Path) -> load.Measured | None:
    try:
        return load.Measured(**json.loads(note.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # absent or damaged: measured again
