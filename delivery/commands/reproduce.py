"""`delivery reproduce RELEASE`: make it anew from raw data and compare."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from delivery.context import Context
from delivery.evidence.supply_chain.reproduction import remake
from delivery.gates.supply_chain import reproduction
from delivery.gates.verdict import Verdict


@dataclass(frozen=True, slots=True)
class ReproduceResult:
    """What came of it, in how many seconds. `verdict` None: nothing was done, since there is no
    release or `reproduce: off` promises nothing.

    `folder` holds what was made, where it is not what was recorded.
    """

    release: str
    verdict: Verdict | None
    seconds: float
    folder: Path | None


def reproduce(context: Context, release: str | None) -> ReproduceResult:
    """Run the release's pipeline in an empty folder and compare every artifact by hash.

    None: the release that the last environment wants.

    Raises:
        InputError: main has no such release, or its revision is not here.
        StoreError: the released bytes cannot be had.
    """
    snapshot = context.snapshot()
    if release is None:
        wanted = snapshot.desired(snapshot.settings.last).wanted
        if not wanted.exists:
            return ReproduceResult(wanted.release, None, 0.0, None)
        release = wanted.release
    record = snapshot.record(release)
    if snapshot.settings.reproduce == "off":
        return ReproduceResult(release, None, 0.0, None)
    folder = context.workspace / "reproduced" / release
    shutil.rmtree(folder, ignore_errors=True)
    begun = time.monotonic()
    evidence = remake(context, snapshot, record, folder)
    verdict = reproduction.judge(evidence, snapshot.settings.gates.of(reproduction.Policy))
    kept = verdict.status != "pass"
    if not kept:
        shutil.rmtree(folder)
    return ReproduceResult(release, verdict, time.monotonic() - begun, folder if kept else None)
