"""`infra/environments/<env>/evidence.json`: what was judged before a release was proposed, and how.

Written once by each proposal and read from then on: by deployments, by the comparison with
earlier releases, and by people. Files that other versions wrote stay readable: what they lack has
a default, and what this version does not know is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from delivery.errors import InputError
from delivery.gates.registry import RENAMED
from delivery.gates.verdict import BLOCKING, Status, Verdict
from serving.strict import DocumentError, parse


class _Written(BaseModel):
    """A frozen part of the file that keeps the keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="allow")


class VerdictLine(_Written):
    """A verdict without the numbers behind it; `override` is the reason of who let it pass."""

    gate: str
    status: Status
    measured: str = ""
    required: str = ""
    why: str = ""
    override: str = ""

    @property
    def verdict(self) -> Verdict:
        return Verdict(
            self.gate, self.status, self.measured, self.required, self.why, override=self.override
        )


class JudgedBytes(_Written):
    """What the verdicts are about: the candidate, the champion of that day and the losses of both
    (lower is better) on the same rows. A loss is there if it is finite. `flips` is the share of
    answers in which the two differ there."""

    candidate_sha256: str | None = None
    champion: str | None = None
    loss: int | float | None = None
    champion_loss: int | float | None = None
    flips: int | float | None = None


class EvidenceFile(_Written):
    """A release and why it may run. A rollback has no verdicts of its own: it names what it rolls
    back (`rollback_of`), the attempt at that, and the events because of which (`because`)."""

    schema_version: int = 1
    environment: str = ""
    release: str
    verdicts: tuple[VerdictLine, ...] = ()
    champion: str | None = None
    judged: JudgedBytes | None = None
    reason: str = ""  # of the person who asked for it
    asked_by: str = ""  # that person; empty where a machine went on by itself
    overrides: dict[str, str] = {}  # gate → reason
    record_sha256: str | None = None
    replaces: str | None = None  # the attempt that stood when this was proposed
    logs: dict[str, str] | None = None  # event log → its newest entry then, or `none`
    rollback_of: str | None = None
    attempt: str | None = None
    because: tuple[dict[str, Any], ...] = ()

    @property
    def reasons(self) -> Mapping[str, str]:
        """Gate, by today's name → the reason of the person who overrode it."""
        return {RENAMED.get(gate, gate): reason for gate, reason in self.overrides.items()}

    @property
    def unsettled(self) -> tuple[VerdictLine, ...]:
        """The verdicts that block, and that nobody overrode."""
        return tuple(
            line
            for line in self.verdicts
            if line.status in BLOCKING and not line.override and line.gate not in self.overrides
        )


def lines(verdicts: tuple[Verdict, ...]) -> tuple[VerdictLine, ...]:
    """The verdicts as the file has them."""
    return tuple(
        VerdictLine.model_validate(
            {
                key: value
                for key, value in verdict.to_json().items()
                if key != "details" and (key != "override" or value)
            }
        )
        for verdict in verdicts
    )


def parse_evidence(text: str, source: str) -> EvidenceFile:
    """InputError names the key that is missing or of the wrong type."""
    try:
        content = json.loads(text)
        json.dumps(content, ensure_ascii=False).encode()  # half a character is none
    except (ValueError, RecursionError) as error:  # the second: brackets without end
        raise _malformed(source, f"it is no JSON ({error})") from error
    try:
        return parse(EvidenceFile, content, source=source)
    except DocumentError as error:
        raise _malformed(source, str(error).removeprefix(f"{source}: ")) from error


def render_evidence(evidence: EvidenceFile) -> str:
    """The file: what was set, in the order of its keys. The inverse of `parse_evidence`."""
    content = evidence.model_dump(mode="json", exclude_unset=True)
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _malformed(source: str, problem: str) -> InputError:
    return InputError(
        f"{source} is no evidence: {problem}. `git log -- {source}` shows the last good one; it is "
        "written by `delivery promote`, not by hand."
    )
