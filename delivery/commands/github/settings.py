"""`delivery github`: make GitHub as the files of main say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from delivery.context import Context
from delivery.errors import DeliveryError, InputError
from delivery.files import write_whole
from delivery.github.access import access
from delivery.governance.billing import CURE, Plan
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
from delivery.governance.switches import LeftOutError


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """Each item as it was found, and what people have to know."""

    repository: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def different(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state in ("create", "change"))


@dataclass(frozen=True, slots=True)
class OwnResult:
    """Whether CODEOWNERS was written."""

    changed: bool


def apply(context: Context, *, dry_run: bool) -> ApplyResult:
    """Compare GitHub with the files of main and write what differs, unless it is a dry run.

    Each item is written by itself and whole, so a run that was killed is gone on with by the next.
    What GitHub cannot hold here is left out, and a note says why.

    Raises:
        InputError: no token, one that may not do this, or a file that is not as it must be.
        DeliveryError: an item could not be written; all others were.
    """
    site = Site(access(context.surroundings.github))
    if not site.about.get("permissions", {}).get("admin", True):
        raise InputError(f"the token's owner does not administer {site.slug}. {NEEDS}")
    rows = list(site.rows(Main(context).wanted(site.facts)))
    failures = [] if dry_run else _write(context, site, rows)
    if failures:
        raise failures[0]
    left_out = [f"left out: {why}." for why in dict.fromkeys(row.why for row in rows if row.why)]
    cure = [CURE] if site.plan is Plan.FREE else []
    return ApplyResult(site.slug, tuple(rows), (*left_out, *cure, *notes(site.facts)))


def _write(context: Context, site: Site, rows: list[Row]) -> list[DeliveryError]:
    """Write each row that differs, whatever becomes of the others: one that fails must not leave
    main open. Returns the failures, and puts into `rows` what had to be left out."""
    failures = []
    for number, row in enumerate(rows):
        if row.state not in ("create", "change"):
            continue
        try:
            site.put(row.item)
        except LeftOutError as error:
            rows[number] = replace(row, state="left out", why=str(error))
        except DeliveryError as error:
            context.progress(f"{row.item.kind} {row.item.name}: {error}")
            failures.append(error)
        else:
            context.progress(f"{row.item.kind} {row.item.name}: {row.state}d")
    return failures


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
