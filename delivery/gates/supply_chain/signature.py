"""A release runs only where somebody who may sign for that place has signed it.

The signature covers the bento, the record and the SBOM. Where images run, somebody who may sign
has signed a statement about the image too, by its digest. Whether a key counts is judged at the
time when it came to main, so a key that ended since does not take old releases with it; a
revocation reaches as far back as it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from delivery.gates.verdict import BLOCKING, Status, Verdict, listed
from delivery.trust.signers import Trust, broken_rule

GATE = "signature"
SHOWN = 12  # digits of a key's id
NAMED = 3  # files that a verdict names
STEPS = (
    "a job signs with a key that ends with it unless it has the secret DELIVERY_SIGNING_KEY; "
    "`delivery key` prints the lines of `trust:` for a key, and `delivery sign` on a machine whose "
    "key counts vouches for a release"
)


@dataclass(frozen=True)
class Evidence:
    """What is known about one release's signature.

    `signed` and `found` map names below releases/ to sha256: what the signature lists and what
    is there. `signed` None: no signature, and `missing` says what to do. `signer` is the name
    of the policy that has the key, `own` says that it is this machine's. `genuine` is False
    where that key did not make the signature. `at` is when the signature came to main, now for
    one that has yet to. `serves` says that clients get answers in this environment. `trust`
    has those who may sign releases.
    """

    environment: str
    signed: Mapping[str, str] | None
    found: Mapping[str, str]
    at: datetime
    key_id: str = ""
    signer: str | None = None
    own: bool = False
    genuine: bool = False
    serves: bool = True
    missing: str = ""
    trust: Trust = field(default_factory=dict)
    image: Carried | None = None  # None: it runs without one


@dataclass(frozen=True)
class Carried:
    """The image that shall run. `statements` has the evidence on each that main has about its
    digest; `missing` says what to do where there is none."""

    image: str
    statements: Sequence[Evidence]
    missing: str


def judge(evidence: Evidence) -> Verdict:
    """Pass if a key that counts here signed exactly what is there, and its image."""
    verdict = _judge(evidence)
    if verdict.status in BLOCKING or evidence.image is None:
        return verdict
    return _with_image(verdict, evidence.image)


def _with_image(release: Verdict, carried: Carried) -> Verdict:
    """One statement that counts is enough. A stranger's makes nothing worse."""
    verdicts = [_judge(each) for each in carried.statements]
    if not verdicts:
        why = carried.missing
        return replace(release, status="hold", measured="its image is not signed", why=why)
    best = min(verdicts, key=lambda each: ("pass", "hold", "fail").index(each.status))
    if best.status == "pass":
        return replace(release, measured=f"{release.measured}; its image {best.measured}")
    return replace(best, why=f"its image {carried.image}: {best.why}")


def _judge(evidence: Evidence) -> Verdict:
    names = (
        ", ".join(evidence.trust) or "this machine's own key, as delivery.yaml has no `trust:` yet"
    )
    required = f"signed for {evidence.environment} by {names}"
    if evidence.signed is None:
        return Verdict(GATE, "hold", "not signed", required, evidence.missing)
    status, why = _decide(evidence, evidence.signed)
    who = evidence.signer or ("this machine" if evidence.own else "somebody unknown")
    measured = f"signed by {who}, key {evidence.key_id[:SHOWN]}"
    details = {"key": evidence.key_id, "files": len(evidence.signed), "at": evidence.at.isoformat()}
    return Verdict(GATE, status, measured, required, why, details)


def _decide(evidence: Evidence, signed: Mapping[str, str]) -> tuple[Status, str]:
    stranger = _stranger(evidence)
    if stranger:
        return "hold", stranger  # a step of the set-up is missing; a rejection would be for ever
    if not evidence.genuine and (evidence.signer or evidence.own):
        return "fail", "the signature was not made with the key that it names"
    changed = _changed(signed, evidence.found)
    if changed:
        return "fail", changed
    if evidence.signer is not None:
        name = evidence.signer
        broken = broken_rule(name, evidence.trust[name], evidence.environment, evidence.at)
        return ("fail", broken) if broken else ("pass", f"{len(signed)} files are as signed")
    return "pass", (
        f"{len(signed)} files are as signed; only {_whose(evidence)} says so: `delivery key` "
        "prints the lines of `trust:` that make a key count elsewhere"
    )


def _whose(evidence: Evidence) -> str:
    return "this machine's own key" if evidence.own else "a key that nobody vouches for"


def _stranger(evidence: Evidence) -> str:
    """Why a key does not count at all; empty if it may."""
    key = evidence.key_id[:SHOWN]
    if evidence.trust:
        known = evidence.signer is not None
        return (
            ""
            if known
            else f"key {key} is under no name of `trust:` in delivery.yaml on main; {STEPS}"
        )
    if evidence.own or not evidence.serves:
        return ""
    return (
        f"key {key} is not kept on this machine, and delivery.yaml on main has no `trust:`; {STEPS}"
    )


def _changed(signed: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The files that differ from what was signed; empty if none does."""
    problems = []
    for name in sorted(signed.keys() | now.keys()):
        if name not in now:
            problems.append(f"{name} was signed and is not there")
        elif name not in signed:
            problems.append(f"{name} was never signed")
        elif signed[name] != now[name]:
            problems.append(f"{name} is not as it was signed")
    return listed(problems, NAMED)
