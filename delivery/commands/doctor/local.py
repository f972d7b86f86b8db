"""`delivery doctor`: what this checkout lacks, and how to mend it. Changes nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from delivery.commands.doctor import engine, github
from delivery.commands.doctor.check import Check, look
from delivery.commands.doctor.places import places
from delivery.context import Context
from delivery.deployment.rollouts.traffic import lacking
from delivery.errors import DeliveryError, InputError
from delivery.release.signature import trusted_keys
from delivery.settings.policy import (
    DockerTargetSettings,
    Environment,
    read_settings,
)
from delivery.storage.dvc_lock import outputs, require_in_step
from delivery.trust.keys import SHOWN, Role, own_public_key

OLDEST, BELOW = (3, 11, 4), (3, 14)  # as requirements/install.py says
GIT = (2, 38)  # merge-tree --write-tree


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """Every check, in the order in which things are mended; in JSON a list."""

    checks: tuple[Check, ...]

    def to_json(self) -> tuple[Check, ...]:
        return self.checks


def doctor(context: Context) -> DoctorResult:
    """Every check, in the order in which things are mended. GitHub's where origin is there."""
    hosted = context.surroundings.github is not None
    looks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("python", _python),
        ("tools", _tools),
        ("git", partial(_git, context)),
        ("delivery.yaml", partial(_settings, context)),
        ("origin", partial(_origin, context)),
        ("outputs", partial(_outputs, context)),
        ("dvc.lock", partial(_lock, context)),
        ("store", context.store.place),
        ("environments", partial(_environments, context)),
        ("signing key", partial(_key, context, Role.RELEASES)),
        ("event key", partial(_key, context, Role.EVENTS)),
    )
    return DoctorResult(
        (
            *(look(name, at) for name, at in looks),
            *places(context, _configured(context)),
            *_engines(context),
            *_rollouts(context),
            *(github.checks(context) if hosted else ()),
        )
    )


def _python() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    if not OLDEST <= sys.version_info[:3] < BELOW:
        raise InputError(f"Python {version} is not supported. `make setup PYTHON=python3.12`")
    return version


def _tools() -> str:
    missing = [tool for tool in ("git", "dvc", "uv", "traefik") if shutil.which(tool) is None]
    if missing:
        raise InputError(
            f"not on PATH: {', '.join(missing)}. `. .venv/bin/activate`, or `make setup` if there "
            "is no .venv"
        )
    return "git, dvc, uv and traefik are on PATH"


def _git(context: Context) -> str:
    words = context.repository.run("version").split()
    version = tuple(int(part) for part in words[2].split(".")[:2])
    if version < GIT:
        raise InputError(f"git {words[2]} is too old. Install git {GIT[0]}.{GIT[1]} or newer")
    return words[2]


def _settings(context: Context) -> str:
    settings = read_settings(context.root)
    return f"environments {' → '.join(settings.environments)}"


def _origin(context: Context) -> str:
    snapshot = context.snapshot()
    return f"main is at {snapshot.commit[:12]}"


def _outputs(context: Context) -> str:
    tracked = context.repository.run("ls-files", "artifacts").splitlines()
    if tracked:
        raise InputError(
            f"git tracks {tracked[0]}, which is an output of the pipeline. "
            "`git rm -r --cached artifacts && git commit -m 'Leave outputs to DVC'`"
        )
    return "git tracks none of them"


def _lock(context: Context) -> str:
    outputs(context.repository, context.repository.commit("HEAD"))
    require_in_step(context.root)
    return "in step with the checkout"


def _environments(context: Context) -> str:
    snapshot = context.snapshot()
    states = []
    for name in snapshot.settings.environments:
        attempt = snapshot.attempt(name)
        wanted = attempt.desired.wanted
        states.append(f"{name}: {wanted.release}" + (
            f" ({attempt.state.value})" if wanted.exists else ""
        ))  # fmt: skip
    return ", ".join(states)


def _key(context: Context, role: Role) -> str:
    """Does what this machine signs count elsewhere?"""
    own = own_public_key(context.surroundings.environ, role)
    listed = trusted_keys(context, context.snapshot(), role.duty)
    if own is None:
        return "none yet; it is made when it is needed first"
    name = next((name for name, key in listed.items() if key.id == own.id), "")
    if listed and not name:
        raise InputError(
            f"key {own.id[:SHOWN]} is not under `trust:` in delivery.yaml on main among those who "
            f"may sign {role.duty}, so nothing that it signs counts. `delivery key"
            f"{' --events' if role is Role.EVENTS else ''}` prints the lines for it"
        )
    return f"{own.id[:SHOWN]}, listed as {name}" if name else f"{own.id[:SHOWN]}, this machine's"


def _configured(context: Context) -> Iterator[Environment]:
    """None where the settings cannot be read, which has a line of its own."""
    with suppress(DeliveryError):
        settings = read_settings(context.root)
        yield from map(settings.environment, settings.environments)


def _engines(context: Context) -> Iterator[Check]:
    for environment in _configured(context):
        settings = environment.settings.target
        if isinstance(settings, DockerTargetSettings):
            yield from engine.checks(environment.name, settings, context.target(environment))


def _rollouts(context: Context) -> Iterator[Check]:
    """Can the target of each environment do what its rollout needs?"""
    for environment in _configured(context):
        if needs := environment.settings.rollout.needs:
            lacks = lacking(environment, context.target(environment))
            problem, _, cure = "".join(lacks).partition(". ")
            state = problem or f"its target can do what that needs: {', '.join(needs)}"
            yield Check(f"rollout {environment.name}", not lacks, state, cure)
