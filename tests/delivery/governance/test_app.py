"""The manifest of the GitHub App, and the page that sends it."""

from __future__ import annotations

import html
import json
import re

from delivery.governance.app import LONGEST_NAME, manifest, page
from delivery.settings.host import GitHub


def github(slug: str = "acme/model", server: str = "https://github.com") -> GitHub:
    return GitHub(slug, server, f"{server}/api/v3", "", is_app=False)


def test_the_page_sends_the_manifest_to_the_owners_settings() -> None:
    text = page(github(server="https://git.example.com"), organisation=True)
    assert 'action="https://git.example.com/organizations/acme/settings/apps/new"' in text
    (value,) = re.findall(r'name="manifest" value="([^"]*)"', text)
    assert json.loads(html.unescape(value)) == manifest(github(server="https://git.example.com"))


def test_the_name_fits_whatever_the_repository_is_called() -> None:
    name = manifest(github("an-organisation-with/a-very-long-name-of-a-model"))["name"]
    assert len(name) <= LONGEST_NAME
    assert name == name.strip()
