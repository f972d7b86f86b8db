"""`delivery watch ENV`: deploy what main wants, again and again, until it is told to end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from delivery.context import Context
from delivery.deployment.outcome import Outcome
from delivery.errors import DeliveryError, InputError, TargetError
from delivery.files import write_whole

LONGEST = 300.0  # s between two looks, after many that failed
HANGS = 1200.0  # s: twice what a deployment may take, since it ends the step that it is in


@dataclass(frozen=True, slots=True)
class Look:
    """What the last look at an environment came to. `trouble` says why it failed, and is empty
    otherwise; `failed` counts how many did in a row; `next` is how many seconds later the next one
    comes."""

    environment: str
    at: float  # s since 1970
    outcome: str  # `r-… verified`, or `begins` before the first; empty where it failed
    trouble: str
    failed: int
    next: float


def watch(
    context: Context,
    environment: str,
    deploy: Callable[[], Outcome],
    *,
    interval: float,
    pause: Callable[[float], object] | None = None,
) -> None:
    """Call `deploy` every `interval` seconds, and less often after looks that failed: twice as long
    each time, at most LONGEST. Each look is told in `health_file`.

    KeyboardInterrupt ends it, and what runs goes on running. `pause` waits.

    Raises:
        InputError: main as it was last seen has no such environment, or jobs rehearse it.
    """
    wait = pause or threading.Event().wait
    if context.surroundings.rehearses:
        raise InputError("jobs rehearse the environments here, and nothing of that stays up")
    context.snapshot(fetch=False).environment(environment)
    failed = 0
    try:
        _tell(context, Look(environment, time.time(), "begins", "", 0, 0.0))
        while True:
            outcome, trouble = _look(deploy)
            failed = failed + 1 if trouble else 0
            following = _pause(interval, failed)
            _tell(context, Look(environment, time.time(), outcome, trouble, failed, following))
            if trouble:
                context.progress(f"{environment}: {trouble}; next look in {following:.0f} s")
            wait(following)
    except KeyboardInterrupt:
        context.progress(f"{environment}: not watched any more; what runs goes on running")


def alive(context: Context, environment: str) -> Look:
    """The last look of the watcher of `environment`, which is not too long ago.

    Raises:
        TargetError: nobody watches, or the watcher hangs.
    """
    file = health_file(context, environment)
    try:
        look = Look(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise TargetError(
            f"nobody watched {environment} here: {file} is not there. "
            f"`delivery watch {environment}` does."
        ) from error
    silent = time.time() - look.at
    if silent > look.next + HANGS:
        raise TargetError(
            f"the watcher of {environment} hangs or is gone: its last look ended {silent:.0f} s "
            f"ago, and the next was due after {look.next:.0f} s. Start it again."
        )
    return look


def _tell(context: Context, look: Look) -> None:
    write_whole(health_file(context, look.environment), json.dumps(asdict(look)) + "\n")


def health_file(context: Context, environment: str) -> Path:
    """Where the last look is told, as JSON. A probe asks how old it is."""
    return context.workspace / "watch" / f"{environment}.json"


def _pause(interval: float, failed: int) -> float:
    """Seconds until the next look, after `failed` in a row that failed."""
    return max(interval, min(interval * 2.0 ** min(failed, 16), LONGEST))


def _look(deploy: Callable[[], Outcome]) -> tuple[str, str]:
    """What it came to, and why it failed: one of both is empty."""
    try:
        step = deploy().step
    except DeliveryError as error:
        return "", str(error)
    except Exception as error:  # a watcher outlives what it cannot explain
        return "", repr(error)
    return f"{step.release} {'idle' if step.idle else step.state.value}", ""
