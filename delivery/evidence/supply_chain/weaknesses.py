"""Look for weaknesses in a candidate: the evidence for the gates code, secrets and dependencies.

Code and secrets are looked for in all that goes into the bento and all that made its model, as
the candidate's commit has them; advisories are asked for about the lock inside the bento. What
may pass all the same is read from main.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from delivery.bento.digest import file_hashes
from delivery.bento.environment import LOCK
from delivery.context import Context
from delivery.errors import InputError
from delivery.gates.policy import GatesPolicy
from delivery.gates.supply_chain import code, dependencies, secrets
from delivery.gates.supply_chain.dependencies import Advisory, Allowed
from delivery.gates.verdict import Verdict
from delivery.release.candidate import INSIDE, RECIPE, Candidate
from delivery.release.sbom import locked
from delivery.scanners import code as code_scanner
from delivery.scanners import secrets as secrets_scanner
from delivery.scanners.dependencies import ALLOWED, Audit, allowances, known
from delivery.scanners.finding import Scan
from delivery.scanners.memory import Memory
from delivery.state.snapshot import Snapshot

LOOKED_AT = (*INSIDE, *RECIPE, "params.yaml")


def weaknesses(
    context: Context, snapshot: Snapshot, candidate: Candidate, policy: GatesPolicy
) -> tuple[Verdict, ...]:
    """The verdicts of code, secrets and dependencies."""
    context.progress("looking for dangerous code, secrets and vulnerable dependencies")
    with ThreadPoolExecutor(2) as pool, tempfile.TemporaryDirectory(prefix="looked-at-") as folder:
        advisories = pool.submit(_advisories, context, snapshot, candidate)
        root, memory = Path(folder), memory_of(context)
        context.repository.archive(candidate.commit, LOOKED_AT, root)
        dangerous = pool.submit(code_scanner.scan, root, memory)
        leaked = secrets_scanner.scan(root, memory, tuple(file_hashes(root)))
        return (
            code.judge(code.Evidence(_lines(dangerous.result())), policy.code),
            secrets.judge(secrets.Evidence(_lines(leaked)), policy.secrets),
            dependencies.judge(advisories.result(), policy.dependencies),
        )


def memory_of(context: Context) -> Memory:
    """What the tools answered on this machine before."""
    return Memory(context.workspace / "cache" / "scans")


def audit_of(context: Context) -> Audit:
    """Whom to ask for advisories here and today."""
    where = context.surroundings
    today = datetime.now(UTC).date()
    return Audit(where.environ.get("ADVISORIES_URL", ""), where.in_job, today)


def _advisories(
    context: Context, snapshot: Snapshot, candidate: Candidate
) -> dependencies.Evidence:
    audit, bento = audit_of(context), candidate.bento.path
    packages = len(locked(bento, candidate.platform))
    allowed = {
        entry.id: Allowed(entry.until, entry.reason)
        for entry in allowances(snapshot.text(snapshot.commit, ALLOWED))
    }
    try:
        found = [
            Advisory(one.names, one.package, one.version, one.fixed)
            for one in known(bento, LOCK, audit, memory_of(context))
        ]
    except InputError as error:
        return dependencies.Evidence(packages, None, allowed, audit.today, audit.in_job, str(error))
    return dependencies.Evidence(packages, found, allowed, audit.today, audit.in_job)


def _lines(scan: Scan) -> list[str]:
    return [f"{one.path}:{one.line} {one.message} [{one.rule}]" for one in scan.findings]
