"""What `delivery doctor` looks at on GitHub: what its jobs run as, on, and with."""

from __future__ import annotations

from delivery.context import Context
from delivery.errors import InputError
from delivery.governance.live import Site
from delivery.governance.main import Main

KEY = "DELIVERY_APP_KEY"
STORE = "store"  # the environment of release.yml and of train.yml
CREDENTIALS = "DVC_CONFIG"
HOSTED = ("ubuntu-", "windows-", "macos-")


def app(site: Site, main: Main) -> str:
    """Is there a GitHub App, and is its key where main's jobs alone can read it?"""
    number = site.facts.app
    if site.existing(f"actions/secrets/{KEY}"):
        raise InputError(
            f"{KEY} is a secret of the repository: a workflow on any branch can read it. `gh "
            f"secret delete {KEY}`, and set it in the environments, which main alone may use"
        )
    if number is None:
        return "none: people merge rollbacks"
    environments = main.settings.environments
    for name in (STORE, *environments):
        if not site.existing(f"environments/{name}/secrets/{KEY}"):
            raise InputError(
                f"the App {number} has no key in the environment {name}, whose jobs cannot act as "
                f"it and are refused what it alone may do. `gh secret set {KEY} --env {name} < "
                "key.pem`"
            )
    return f"{number}: rollbacks merge themselves in {', '.join(environments)}"


def store(context: Context, site: Site) -> str:
    """Can a job reach where releases are stored, and write there?"""
    url = context.store.remote
    if url is None:
        return context.store.place()
    if "://" not in url:
        raise InputError(
            f"the DVC remote is {url}, a folder that no runner of GitHub's can reach. Change it to "
            "s3://, gs://, azure:// or https://, or remove it: releases then go to GitHub Releases"
        )
    if not site.existing(f"environments/{STORE}/secrets/{CREDENTIALS}"):
        raise InputError(
            f"the DVC remote is {url}, and the environment {STORE} has no secret {CREDENTIALS}: "
            "releases cannot be stored. `gh secret set "
            f"{CREDENTIALS} --env {STORE} < .dvc/config.local`"
        )
    return f"{url}, with {CREDENTIALS} in the environment {STORE}"


def runners(site: Site) -> str:
    """Where jobs train and deploy."""
    lines = []
    for name in ("TRAIN_RUNNER", "DEPLOY_RUNNER"):
        label = site.variable(name)
        hosted = not label or label.startswith(HOSTED)
        if not hosted:
            _require_online(site, name, label)
        lines.append(f"{name} is {label or 'not set'}" + (" (hosted)" if hosted else ""))
        if name == "DEPLOY_RUNNER" and hosted:
            lines.append("deployments rehearse: started, judged and stopped in one job")
    return "; ".join(lines)


def _require_online(site: Site, name: str, label: str) -> None:
    """A runner of the repository; those of its organisation cannot be seen from here."""
    listing = site.existing("actions/runners") or {"runners": []}
    ours = [
        runner for runner in listing["runners"]
        if any(known["name"] == label for known in runner["labels"])
    ]  # fmt: skip
    if ours and all(runner["status"] != "online" for runner in ours):
        raise InputError(
            f"{name} is {label}, and no runner with that label is online: jobs wait. Start "
            f"`{ours[0]['name']}`, or change the variable under Settings → Variables"
        )
