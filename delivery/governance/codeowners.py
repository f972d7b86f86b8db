"""Who has to approve a change of what is guarded: `.github/owners.yml`, which people write, and
`.github/CODEOWNERS`, which is made from it and which GitHub reads. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from pydantic import Field

from delivery.documents import parse_yaml
from delivery.errors import InputError
from serving.strict import DocumentError, Strict, parse

FILE = ".github/CODEOWNERS"
SOURCE = ".github/owners.yml"
OWNER = re.compile(r"^(@[\w-]+(/[\w.-]+)?|[^@\s]+@[^@\s]+\.[^@\s]+)$")
# What judges, what deploys, what runs in production, and what decides with which code they do it.
GUARDED = (
    "/.github/", "/.dvc/", "/Makefile", "/bentos/", "/delivery.yaml", "/delivery/", "/infra/",
    "/keys/", "/pyproject.toml", "/releases/", "/requirements/", "/service.py", "/serving/",
)  # fmt: skip
HEADER = f"""\
# Made by `delivery github own` from {SOURCE}: edit that file, and run the command again.

"""
NOBODY = re.compile(r"^owners:[ \t]*(\[[ \t]*\])?[ \t]*$", re.MULTILINE)


class Owners(Strict):
    """Owners of all that is guarded, and of single paths."""

    owners: list[str] = Field(default_factory=list)
    paths: dict[str, list[str]] = Field(default_factory=dict)


def parse_owners(text: str) -> Owners:
    """What owners.yml says; nobody, where it is empty.

    Raises:
        InputError: an unknown key, or an owner that GitHub would not take.
    """
    try:
        owners = parse(Owners, parse_yaml(text, SOURCE) or {}, source=SOURCE)
    except DocumentError as error:
        raise InputError(f"{error}. Mend it and run `delivery github own`") from error
    for owner in [*owners.owners, *(name for names in owners.paths.values() for name in names)]:
        require_owner(owner)
    return owners


def require_owner(owner: str) -> None:
    """InputError for an owner that GitHub would not take."""
    if not OWNER.match(owner):
        raise InputError(
            f"{owner!r} is no owner. Expected @login, @organisation/team, or the e-mail "
            "address of an account"
        )


def with_owners(text: str, names: Sequence[str]) -> str:
    """owners.yml with `names` as the owners of what is guarded, where it names none yet."""
    line = f"owners: {json.dumps(list(names))}"
    if NOBODY.search(text):
        return NOBODY.sub(lambda _: line, text, count=1)
    return f"{text}{line}\n"


def codeowners(owners: Owners) -> str:
    """The whole CODEOWNERS. The last line that fits a path decides, so single paths come last."""
    more = {path: names for path, names in owners.paths.items() if path not in GUARDED}
    lines = {path: owners.paths.get(path, owners.owners) for path in GUARDED} | more
    return HEADER + "".join(f"{' '.join([path, *names])}\n" for path, names in lines.items())


def read_codeowners(text: str) -> Mapping[str, tuple[str, ...]]:
    """Pattern → its owners, in the order of the file."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return {words[0]: tuple(words[1:]) for words in lines if words}


def taken_over(text: str) -> str:
    """owners.yml for a CODEOWNERS that people wrote: each of its paths keeps its owners."""
    named = {path: names for path, names in read_codeowners(text).items() if names}
    lines = [f"  {json.dumps(path)}: {json.dumps(names)}\n" for path, names in named.items()]
    return "owners: []\n" + "".join(["paths:\n", *lines] if lines else [])
