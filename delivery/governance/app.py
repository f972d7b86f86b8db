"""The GitHub App of a repository: the manifest that makes it, and the page that sends it. Pure.

GitHub's manifest flow: a form posts the manifest to GitHub, a person clicks, and GitHub leads the
browser to `redirect_url` with a code, which is good for an hour and for one private key.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from delivery.settings.host import GitHub

# What jobs ask of it in .github/workflows, and what GitHub gives with that.
PERMISSIONS = {"contents": "write", "pull_requests": "write", "metadata": "read"}
LONGEST_NAME = 34  # of an App, on all of GitHub
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{name}</title>
<h1>Create the GitHub App {name}</h1>
<p>It may write contents and pull requests of {slug}, and gets no webhooks.</p>
<form action="{action}" method="post">
<input type="hidden" name="manifest" value="{manifest}">
<button>Create it at {server}</button>
</form>
<pre>{pretty}</pre>
</html>
"""


def manifest(github: GitHub) -> Mapping[str, Any]:
    """What GitHub makes the App of. The browser comes back to the page of the repository, so that
    no address of this machine has to be reachable."""
    home = f"{github.server}/{github.slug}"
    return {
        "name": f"delivery {github.slug.replace('/', ' ')}"[:LONGEST_NAME].strip(),
        "url": home,
        "description": f"Makes event logs, promotion tags and rollbacks of {github.slug}",
        "redirect_url": home,
        "public": False,
        "hook_attributes": {"url": home, "active": False},
        "default_permissions": PERMISSIONS,
        "default_events": [],
    }


def page(github: GitHub, *, organisation: bool) -> str:
    """The page with the form, for the owner of the repository."""
    owner = github.slug.partition("/")[0]
    place = f"organizations/{owner}/settings" if organisation else "settings"
    content = manifest(github)
    texts = {
        "name": content["name"],
        "slug": github.slug,
        "server": github.server,
        "action": f"{github.server}/{place}/apps/new",
        "manifest": json.dumps(content),
        "pretty": json.dumps(content, indent=1),
    }
    return PAGE.format(**{key: html.escape(text) for key, text in texts.items()})
