"""`delivery inspect RELEASE`: its bytes against its record, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where a release comes from and where it runs."""

    release: str
    facts: tuple[tuple[str, str], ...]
    environments: tuple[tuple[str, str], ...]


def inspect(context: Context, release: str) -> Lineage:
    """Check the release's bytes against its record and show its lineage.

    Raises:
        InputError: main has no such release.
        StoreError: the bytes are missing or others than recorded.
    """
    snapshot = context.snapshot()
    record = snapshot.record(release)
    bento = context.bento(snapshot, release)
    source = record.made_from
    facts = (
        ("name", f"{record.name} ({record.task})"),
        ("data", source.data),
        ("trained until", record.trained_until or "rows have no time"),
        ("recipe", source.recipe),
        ("commit", source.commit),
        *((f"model/{name}", digest) for name, digest in sorted(record.model.items())),
        ("bento", record.bento_sha256),
        ("built on", f"{record.platform.os} {record.platform.arch}, {record.platform.libc}, "
                     f"Python {record.platform.python}"),
        ("serving.lock", record.platform.lock_sha256),
        ("checked", str(bento)),
    )  # fmt: skip
    return Lineage(release, facts, _whereabouts(snapshot, release))


def _whereabouts(snapshot: Snapshot, release: str) -> tuple[tuple[str, str], ...]:
    rows = []
    for name in snapshot.settings.environments:
        for attempt in snapshot.history(name):
            if attempt.desired.wanted.release == release:
                rows.append((name, f"{attempt.state.value} ({attempt.commit[:12]})"))
    return tuple(rows)
