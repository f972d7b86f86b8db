"""`delivery up`: keep what deployments left on this machine running, until it is told to end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from delivery.bento.bento import Bento
from delivery.context import Context
from delivery.deployment.admitted import Admitted
from delivery.deployment.resident import Resident
from delivery.errors import InputError
from delivery.settings.policy import Environment
from delivery.state.snapshot import Snapshot
from delivery.targets.local.supervision import Report, Supervision
from delivery.targets.watch import Watch

INTERVAL = 1.0  # s: a look at an environment takes some 10 ms


@dataclass(frozen=True, slots=True)
class UpResult:
    """Environment → what was done in it."""

    environments: Mapping[str, Report]

    @property
    def trouble(self) -> str:
        """What could not be mended; empty if there is nothing."""
        reports = self.environments.items()
        return "; ".join(f"{name}: {report.trouble}" for name, report in reports if report.trouble)


def up(context: Context, *, once: bool) -> UpResult:
    """Supervise all environments of this machine; with `once`, look once.

    KeyboardInterrupt ends it, and what runs goes on running.

    Raises:
        HeldError: another supervisor does so.
    """
    watches = _watches(context)
    resident = Resident(context, tuple(watches))
    supervision = Supervision(context.workspace)
    pause = threading.Event()
    with supervision.held():
        try:
            supervision.write(_reports(watches))
            while True:
                _look(context, watches, supervision)
                if once:
                    break
                resident.look()
                pause.wait(INTERVAL)
        except KeyboardInterrupt:
            context.progress("supervision ends; what runs goes on running")
        finally:
            resident.end()
        return UpResult(_reports(watches))


def _watches(context: Context) -> Mapping[str, Watch]:
    """By what main said when it was last seen: after a reboot there may be no network yet."""
    if context.surroundings.rehearses:
        raise InputError("jobs rehearse the environments here, and nothing of that stays up")
    settings = context.snapshot(fetch=False).settings
    environments = (settings.environment(name) for name in settings.environments)
    return {place.name: _watch(context, place) for place in environments}


def _watch(context: Context, environment: Environment) -> Watch:
    def bento(release: str) -> Bento:
        snapshot = _main_with(context, release)
        admitted = Admitted(context, snapshot, environment.name)
        return admitted.bento(admitted.version(snapshot.history(environment.name).version(release)))

    return Watch(context.target(environment), bento)


def _main_with(context: Context, release: str) -> Snapshot:
    """As main was last seen; fetched where a job deployed a newer release from its own checkout."""
    snapshot = context.snapshot(fetch=False)
    return snapshot if release in snapshot.records() else context.snapshot()


def _look(context: Context, watches: Mapping[str, Watch], supervision: Supervision) -> None:
    """At each environment once. A look that fails is trouble of that environment alone."""
    before = _reports(watches)
    for name, watch in watches.items():
        try:
            lines = watch.look()
        except Exception as error:  # a supervisor outlives what it cannot explain
            lines = [f"cannot be looked at: {error!r}"]
        for line in lines:
            context.progress(f"{name}: {line}")
    if (after := _reports(watches)) != before:
        supervision.write(after)
    supervision.looked(after)


def _reports(watches: Mapping[str, Watch]) -> Mapping[str, Report]:
    return {name: Report(watch.restarts, watch.trouble) for name, watch in watches.items()}
