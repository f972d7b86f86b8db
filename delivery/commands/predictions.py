"""`delivery predictions`: how long what was written down is kept, and one person's rows erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from delivery.context import Context
from delivery.errors import InputError
from delivery.predictions.address import place_of
from delivery.predictions.erasing import Statement
from delivery.predictions.erasing import erase as erase_from
from delivery.predictions.person import Person
from delivery.predictions.place import Place
from delivery.predictions.pruning import Pruned
from delivery.predictions.pruning import prune as prune_at

LEAST = 10  # characters of a reason


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What was deleted, by place; of a dry run, would be."""

    places: tuple[Pruned, ...]


@dataclass(frozen=True, slots=True)
class EraseRequest:
    """Whose rows go, and why. An entity is NAME=VALUE of an input."""

    environment: str
    requests: tuple[str, ...]
    entities: tuple[str, ...]
    reason: str
    addresses: tuple[str, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class EraseResult:
    """What was erased, by place; of a dry run, would be."""

    places: tuple[Statement, ...]


def prune(
    context: Context, environment: str, days: int, addresses: Sequence[str], *, dry_run: bool
) -> PruneResult:
    """Delete what is older than `days`, where `environment` keeps it or at `addresses`.

    Raises:
        InputError: there is nothing.
        HeldError: a shipper is at work, or a release from before segments keeps a file open.
    """
    before = datetime.now(UTC).date() - timedelta(days=days)
    places = _places(context, environment, addresses)
    return PruneResult(tuple(prune_at(place, before, dry_run=dry_run) for place in places))


def erase(context: Context, request: EraseRequest) -> EraseResult:
    """Erase one person's rows and labels; the errors are those of `prune`, and InputError without a
    person or a reason."""
    person = Person.of(request.requests, request.entities, context.surroundings.log_key)
    if len(request.reason) < LEAST:
        raise InputError(f'--reason "…" with at least {LEAST} characters, such as a case number')
    places = _places(context, request.environment, request.addresses)
    return EraseResult(
        tuple(
            erase_from(place, person, request.reason, dry_run=request.dry_run) for place in places
        )
    )


def _places(context: Context, environment: str, addresses: Sequence[str]) -> Sequence[Place]:
    """Those that were named, or all that the environment has."""
    here = context.snapshot().environment(environment)
    if not addresses:
        folder = context.target(here).runtime.predictions
        known = [str(folder)] if folder.is_dir() else []
        addresses = [*known, *([here.settings.predictions] if here.settings.predictions else [])]
    if not addresses:
        raise InputError(
            f"{environment} keeps nothing on this machine, and delivery.yaml names no store: "
            f"environments.{environment}.predictions. --log ADDRESS names one"
        )
    return [place_of(address) for address in addresses]
