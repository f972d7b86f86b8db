"""`delivery github`: make GitHub as the files of main say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from delivery.context import Context
from delivery.errors import InputError
from delivery.files import write_whole
from delivery.github.access import access
from delivery.governance.codeowners import (
    FILE,
    SOURCE,
    codeowners,
    parse_owners,
    taken_over,
    with_owners,
)
from delivery.governance.desired import notes
from delivery.governance.live import NEEDS, Site
from delivery.governance.main import Main
from delivery.governance.plan import Row


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """Each item as it was found, and what people have to know."""

    repository: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def different(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state != "same")


@dataclass(frozen=True, slots=True)
class OwnResult:
    """Whether CODEOWNERS was written."""

    changed: bool


def apply(context: Context, *, dry_run: bool) -> ApplyResult:
    """Compare GitHub with the files of main and write what differs, unless it is a dry run.

    Each item is written by itself and whole, so a run that was killed is gone on with by the next.

    Raises:
        InputError: no token, one that may not do this, or a file that is not as it must be.
    """
    site = Site(access(context.surroundings.github))
    if not site.about.get("permissions", {}).get("admin", True):
        raise InputError(f"the token's owner does not administer {site.slug}. {NEEDS}")
    rows = site.rows(Main(context).wanted(site.facts))
    result = ApplyResult(site.slug, rows, notes(site.facts))
    for row in () if dry_run else result.different:
        site.put(row.item)
        context.progress(f"{row.item.kind} {row.item.name}: {row.state}d")
    return result


def own(context: Context, owners: tuple[str, ...]) -> OwnResult:
    """Write owners of what is guarded into owners.yml, and make CODEOWNERS of it; without owners
    make it of what stands there.

    Raises:
        InputError: GitHub would not take an owner, or owners.yml names others.
    """
    source, made = context.root / SOURCE, context.root / FILE
    before = _text(source), _text(made)
    text = before[0] or taken_over(before[1])
    known = parse_owners(text).owners
    if owners and known and set(owners) != set(known):
        raise InputError(
            f"{SOURCE} names {', '.join(known)} already. Edit it and run `delivery github own`"
        )
    if owners and not known:
        text = with_owners(text, owners)
    after = text, codeowners(parse_owners(text))
    write_whole(source, after[0])
    write_whole(made, after[1])
    return OwnResult(after != before)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
