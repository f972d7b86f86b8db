"""What is about to start must be what the evidence on main is about, as `delivery` wrote it.

Evidence about other bytes counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from delivery.gates.verdict import BLOCKING, Verdict

GATE = "freshness"


@dataclass(frozen=True)
class Written:
    """What evidence.json is about, None for what it leaves out, and its verdicts."""

    release: str
    bento_sha256: str | None = None
    record_sha256: str | None = None
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What main wants: the release, the sha256 of its bento and of the text of its record.
    `written` is None where evidence.json is missing or cannot be read. `proposed`: there is the
    tag of `delivery` for exactly these files, and `unattested` says why it is not believed. They
    were proposed in place of the attempt `replaces`, None if that is not known, and took the
    place of those in `replaced`, newest first. `rollback`: judged when it came first."""

    release: str
    bento_sha256: str
    record_sha256: str
    written: Written | None
    proposed: bool
    unattested: str = ""
    replaces: str | None = ""
    replaced: Sequence[str] = ("",)
    rollback: bool = False
    in_job: bool = False


def judge(evidence: Evidence) -> Verdict:
    """Fail on what `delivery` did not write; hold where it is about something else."""
    required = f"evidence.json is about {evidence.release} and its bytes, as delivery proposed it"
    problems = "; ".join(_problems(evidence))
    if not evidence.proposed:
        why = (
            "desired.yaml or evidence.json is not what delivery proposed: somebody wrote it by hand"
        )
        return Verdict(GATE, "fail", "not proposed", required, f"{why} ({problems or 'edited'})")
    if evidence.replaces is not None and evidence.replaces not in evidence.replaced:
        return Verdict(GATE, "fail", "proposed once", required, _brought_back(evidence))
    if problems:
        return Verdict(GATE, "hold", "no evidence about it", required, problems)
    about = "a rollback to" if evidence.rollback else "about"
    measured = f"{about} {evidence.release}, bento {evidence.bento_sha256[:12]}"
    return Verdict(GATE, "pass", measured, required, "it is what delivery proposed")


def _brought_back(evidence: Evidence) -> str:
    return (
        f"delivery proposed it in place of attempt {str(evidence.replaces)[:12]}, and it took the "
        f"place of {evidence.replaced[-1][:12]}: somebody brought it back by hand"
    )


def _problems(evidence: Evidence) -> Iterator[str]:
    written = evidence.written
    if written is None:
        yield "evidence.json is missing or cannot be read"
        return
    if evidence.unattested:
        yield f"nobody who may write events proposed it: {evidence.unattested}"
    if evidence.replaces is None:
        yield "evidence.json does not say which attempt it replaces: an older version wrote it"
    if written.release != evidence.release:
        yield f"evidence.json is about {written.release}"
    if evidence.rollback:
        return
    for name, about, wanted in (
        ("bento", written.bento_sha256, evidence.bento_sha256),
        ("record", written.record_sha256, evidence.record_sha256),
    ):
        if about != wanted:
            shown = f"the {name} {about[:12]}…" if about else f"no {name}"
            yield f"evidence.json is about {shown}, main has {wanted[:12]}…"
    yield from _unsettled(written, in_job=evidence.in_job)


def _unsettled(written: Written, *, in_job: bool) -> Iterator[str]:
    """Verdicts that do not let it pass here, and that nobody overrode."""
    refusing = (*BLOCKING, "not checked") if in_job else BLOCKING
    for verdict in written.verdicts:
        if verdict.status in refusing and not verdict.override:
            yield f"{verdict.gate}: {verdict.status}"
