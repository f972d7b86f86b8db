"""What `delivery doctor` looks at on GitHub: where jobs run, and what their machines know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from delivery.commands.doctor.jobs import STORE
from delivery.errors import InputError
from delivery.governance.billing import Plan
from delivery.governance.live import Site
from delivery.governance.main import Main
from delivery.trust.keys import Role

TRAIN, DEPLOY, ROLLBACK = "TRAIN_RUNNER", "DEPLOY_RUNNER", "ROLLBACK_RUNNER"
HOSTED = ("ubuntu-", "windows-", "macos-")
WHERE = "Settings → Secrets and variables → Actions → Variables"


def runners(site: Site, main: Main) -> str:
    """Where jobs train, deploy and roll back."""
    names = (TRAIN, DEPLOY, ROLLBACK, *(_of(name) for name in main.settings.environments))
    labels = {name: label for name in names if (label := site.variable(name))}
    own = {name: label for name, label in labels.items() if not label.startswith(HOSTED)}
    _require_base(labels)
    _require_apart(own)
    if own and site.plan is Plan.PUBLIC:
        raise InputError(
            f"{', '.join(own)} names a runner of your own, and the repository is public: the pull "
            "request of any stranger can name its label and run there. Make the repository "
            f"private, or remove the variable under {WHERE}"
        )
    for name, label in own.items():
        _require_online(site, name, label)
    return "; ".join([*_lines(labels), *_queue(site, own)])


def keys(site: Site, main: Main) -> str:
    """Do other machines believe what jobs sign?"""
    label = site.variable(DEPLOY)
    if not label or label.startswith(HOSTED):
        return "jobs sign with keys of their own, which rehearsals accept"
    secrets = (Role.RELEASES.variable, (STORE,)), (
        Role.EVENTS.variable, (STORE, *main.settings.environments),
    )  # fmt: skip
    for secret, environments in secrets:
        for name in environments:
            if not _has_secret(site, name, secret):
                raise InputError(
                    f"the environment {name} has no {secret}, and {DEPLOY} is {label}: what its "
                    "jobs sign with a key of their own is held there. `delivery key`, list it "
                    f"under `trust:`, and `gh secret set {secret} --env {name}`"
                )
    return f"{' and '.join(secret for secret, _ in secrets)} are set where jobs sign"


def _of(environment: str) -> str:
    """The variable that names an environment's own runner."""
    return f"{DEPLOY}_{environment.upper()}"


def _has_secret(site: Site, environment: str, secret: str) -> bool:
    """Of the environment, or of the repository."""
    places = (f"environments/{environment}/secrets/{secret}", f"actions/secrets/{secret}")
    return any(site.existing(place) for place in places)


def _require_base(labels: Mapping[str, str]) -> None:
    """Without DEPLOY_RUNNER jobs rehearse on hosted runners, whatever else is set."""
    alone = [name for name in labels if name not in (TRAIN, DEPLOY)]
    if alone and DEPLOY not in labels:
        raise InputError(
            f"{', '.join(alone)} is set and {DEPLOY} is not, so jobs rehearse and it counts for "
            f"nothing. Set {DEPLOY} too, under {WHERE}"
        )


def _require_apart(own: Mapping[str, str]) -> None:
    """What a branch's training leaves on a machine must not wait there for a token that writes."""
    for name, label in own.items():
        if name != TRAIN and label == own.get(TRAIN):
            raise InputError(
                f"{TRAIN} and {name} are both {label}: the code of branches trains where jobs hold "
                f"the right to write. Give one of them another runner, under {WHERE}"
            )


def _lines(labels: Mapping[str, str]) -> Iterator[str]:
    for name in (TRAIN, DEPLOY, *(name for name in labels if name not in (TRAIN, DEPLOY))):
        label = labels.get(name, "not set")
        hosted = label == "not set" or label.startswith(HOSTED)
        yield f"{name} is {label}" + (" (hosted)" if hosted else "")
        if name == DEPLOY and hosted:
            yield "deployments rehearse: started, judged and stopped in one job"


def _queue(site: Site, own: Mapping[str, str]) -> Iterator[str]:
    """One agent runs one job at a time."""
    label = own.get(ROLLBACK) or own.get(DEPLOY)
    if label and ROLLBACK not in own and len(_agents(site, label)) == 1:
        yield (
            f"one agent has the label {label}, so a rollback waits for the transition that is at "
            f"work: a second one with a label of its own, named in {ROLLBACK}, waits for none"
        )


def _agents(site: Site, label: str) -> list[Mapping[str, Any]]:
    """Runners of the repository; those of its organisation cannot be seen from here."""
    listing = site.existing("actions/runners") or {"runners": []}
    return [
        runner for runner in listing["runners"]
        if any(known["name"] == label for known in runner["labels"])
    ]  # fmt: skip


def _require_online(site: Site, name: str, label: str) -> None:
    agents = _agents(site, label)
    if agents and all(runner["status"] != "online" for runner in agents):
        raise InputError(
            f"{name} is {label}, and no runner with that label is online: jobs wait. Start "
            f"`{agents[0]['name']}`, or change the variable under {WHERE}"
        )
