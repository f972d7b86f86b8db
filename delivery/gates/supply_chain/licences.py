"""No package of a bento may have a licence that the owner of the service does not accept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import Field

from delivery.gates.verdict import Verdict
from serving.strict import Strict

GATE = "licences"
# Copyleft that reaches whoever ships an image with the package or lets others use it over a
# network. Lesser and file-level copyleft (LGPL, MPL) do not reach the service around them.
STRONG_COPYLEFT = ("AGPL-1.0", "AGPL-3.0", "GPL-1.0", "GPL-2.0", "GPL-3.0", "SSPL-1.0")
# Packages without an SPDX id state their licence as a classifier or in prose.
PROSE = (
    (re.compile(r"affero|\bAGPL", re.IGNORECASE), "AGPL-3.0"),
    (re.compile(r"(?<!lesser )(?<!library )general public licen[sc]e|\bGPL", re.IGNORECASE),
     "GPL-3.0"),
    (re.compile(r"server side public|\bSSPL", re.IGNORECASE), "SSPL-1.0"),
)  # fmt: skip


class Policy(Strict):
    """`deny` has SPDX ids; `GPL-3.0` stands for `-only` and `-or-later` too. `allow` maps a
    package to the reason why it may stay all the same. `require_known` refuses packages that
    state no licence."""

    deny: tuple[str, ...] = STRONG_COPYLEFT
    allow: dict[str, str] = Field(default_factory=dict)
    require_known: bool = False


@dataclass(frozen=True)
class Evidence:
    """Package → its licences as it states them. None: not known, and `missing` says why."""

    licences: Mapping[str, tuple[str, ...]] | None
    missing: str = ""


def judge(evidence: Evidence, policy: Policy) -> Verdict:
    """Pass if no package has to be used under a licence of the deny list."""
    required = f"no package under {', '.join(policy.deny) or 'nothing in particular'}"
    if evidence.licences is None:
        return Verdict(GATE, "hold", "not known", required, evidence.missing)
    licences = evidence.licences
    silent = sorted(name for name, stated in licences.items() if not stated)
    refused = {
        name: ", ".join(stated)
        for name, stated in sorted(licences.items())
        if any(denied(text, policy.deny) for text in stated)
    }
    problems = [f"{name} is {text}" for name, text in refused.items() if name not in policy.allow]
    if policy.require_known:
        problems += [f"{name} states no licence" for name in silent if name not in policy.allow]
    measured = f"{len(licences)} packages, {len(refused)} under a denied licence"
    details = {"licences": {name: list(stated) for name, stated in sorted(licences.items())}}
    if problems:
        why = "; ".join(problems) + ". Replace them, or say why under gates.licences.allow"
        return Verdict(GATE, "fail", measured, required, why, details)
    notes = [f"{name} allowed: {policy.allow[name]}" for name in refused]
    if silent:
        notes.append(f"{', '.join(silent)} state no licence")
    return Verdict(GATE, "pass", measured, required, "; ".join(notes) or "all accepted", details)


def denied(stated: str, deny: tuple[str, ...]) -> bool:
    """Does `stated` leave no way to use the package but under a licence of `deny`?"""
    from license_expression import ExpressionError

    try:
        expression = _spdx().parse(stated, validate=True)
    except ExpressionError:
        return any(pattern.search(stated) and known in deny for pattern, known in PROSE)
    return expression is not None and _denied(expression, deny)


def _denied(expression: Any, deny: tuple[str, ...]) -> bool:
    """`A OR B` leaves a choice, `A AND B` none. `A WITH exception` is another licence than A."""
    if isinstance(expression, _spdx().OR):
        return all(_denied(part, deny) for part in expression.args)
    if isinstance(expression, _spdx().AND):
        return any(_denied(part, deny) for part in expression.args)
    key = str(expression.render())
    return any(key in (name, f"{name}-only", f"{name}-or-later", f"{name}+") for name in deny)


@cache
def _spdx() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
