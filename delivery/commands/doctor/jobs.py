"""What `delivery doctor` looks at on GitHub: what its jobs run as, and with."""

from __future__ import annotations

from delivery.context import Context
from delivery.errors import InputError
from delivery.governance.billing import lacks
from delivery.governance.live import Site
from delivery.governance.main import Main

KEY = "DELIVERY_APP_KEY"
STORE = "store"  # the environment of release.yml and of train.yml
CREDENTIALS = "DVC_CONFIG"


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
    if why := lacks(site.plan, "environment"):
        raise InputError(
            f"the App {number} has no safe place for its key: {why}. `gh variable delete "
            "DELIVERY_APP_ID`, or make the repository public or pay for its plan"
        )
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
    if lacks(site.plan, "environment"):
        return _of_the_repository(site, url)
    if not site.existing(f"environments/{STORE}/secrets/{CREDENTIALS}"):
        raise InputError(
            f"the DVC remote is {url}, and the environment {STORE} has no secret {CREDENTIALS}: "
            "releases cannot be stored. `gh secret set "
            f"{CREDENTIALS} --env {STORE} < .dvc/config.local`"
        )
    return f"{url}, with {CREDENTIALS} in the environment {STORE}"


def _of_the_repository(site: Site, url: str) -> str:
    """Where environments have no secrets, every job has the same."""
    if not site.existing(f"actions/secrets/{CREDENTIALS}"):
        raise InputError(
            f"the DVC remote is {url}, and the repository has no secret {CREDENTIALS}: releases "
            f"cannot be stored. `gh secret set {CREDENTIALS} < .dvc/config.local`"
        )
    return f"{url}, with {CREDENTIALS} of the repository, which jobs of every branch can read"
