"""`delivery github`: make GitHub as the files of main say."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.context import Context
from delivery.errors import InputError
from delivery.files import write_whole
from delivery.github.access import access
from delivery.governance.codeowners import FILE, owned
from delivery.governance.desired import notes
from delivery.governance.live import NEEDS, Site
from delivery.governance.main import Main
from delivery.governance.plan import Row


@dataclass(frozen=True, slots=True)
class Applied:
    """Each item as it was found, and what people have to know."""

    repository: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def different(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state != "same")


def apply(context: Context, *, dry_run: bool) -> Applied:
    """Compare GitHub with the files of main and write what differs, unless it is a dry run.

    Each item is written by itself and whole, so a run that was killed is gone on with by the next.

    Raises:
        InputError: no token, one that may not do this, or a file that is not as it must be.
    """
    site = Site(access(context.surroundings.github))
    if not site.about.get("permissions", {}).get("admin", True):
        raise InputError(f"the token's owner does not administer {site.slug}. {NEEDS}")
    rows = site.rows(Main(context.repository).wanted(site.facts))
    applied = Applied(site.slug, rows, notes(site.facts))
    for row in () if dry_run else applied.different:
        site.put(row.item)
        context.progress(f"{row.item.kind} {row.item.name}: {row.state}d")
    return applied


def own(context: Context, owners: tuple[str, ...]) -> bool:
    """Write owners behind the paths of CODEOWNERS that have none. False: all have one."""
    file = context.root / FILE
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{FILE} is not there. Restore it from the template") from error
    changed = owned(text, owners)
    if changed != text:
        write_whole(file, changed)
    return changed != text
