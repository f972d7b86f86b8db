"""`delivery predictions` says what is gone."""

from __future__ import annotations

from delivery.commands.predictions import EraseRequest, EraseResult, PruneResult
from delivery.predictions.erasing import Statement
from delivery.predictions.pruning import Pruned
from tests.delivery.cli.conftest import CommandLine

STATEMENT = Statement(
    "s3://b/p", "2026-11-28T12:00:00", "case 2026-117", ("customer",), 3, 2, 4, True
)


def test_what_was_pruned_is_counted_by_place(delivery: CommandLine) -> None:
    result = PruneResult((Pruned("s3://b/p", "2026-11-01", 5, 7),))
    calls = delivery.returns("predictions.prune", result)
    told = delivery("predictions", "prune", "production", "--days", "27", "--dry-run")
    assert told.stdout == "s3://b/p: 5 segments from before 2026-11-01 would be deleted, 7 stay\n"
    assert calls == [("production", 27, (), {"dry_run": True})]


def test_what_was_erased_is_counted_by_place(delivery: CommandLine) -> None:
    calls = delivery.returns("predictions.erase", EraseResult((STATEMENT,)))
    chosen = ("--entity", "customer=ann", "--request", "a", "--reason", "case 2026-117")
    told = delivery("predictions", "erase", "production", *chosen, "--log", "s3://b/p")
    assert told.stdout == "s3://b/p: 3 rows and 2 labels erased\n"
    expected = EraseRequest("production", ("a",), ("customer=ann",), "case 2026-117", ("s3://b/p",))
    assert calls == [(expected, {})]


def test_a_reason_and_a_number_of_days_are_needed(delivery: CommandLine) -> None:
    assert delivery("predictions", "erase", "production", "--request", "a").exit_code == 2
    assert delivery("predictions", "prune", "production").exit_code == 2
    assert delivery("predictions", "prune", "production", "--days", "0").exit_code == 2
