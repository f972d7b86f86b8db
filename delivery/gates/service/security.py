"""What is live must refuse what is malformed without breaking, and whoever may not call it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from delivery.gates.verdict import Verdict, listed

GATE = "security"
REFUSED = range(400, 500)
STRANGERS = (401, 403)
# A service that refuses a body before it has read it closes the connection; a router that still
# sends it then may say 502 instead of passing on the refusal.
CUT_OFF = (None, 502)


@dataclass(frozen=True)
class Answer:
    """What a request got. `status` None: no answer. `must_refuse`: no reading of it is valid.
    `leak` quotes what the answer told about the inside. `cut_off`: its body was too large to be
    read to the end, and right after it the service said that it is ready."""

    request: str
    status: int | None
    must_refuse: bool = True
    leak: str = ""
    cut_off: bool = False


@dataclass(frozen=True)
class Evidence:
    """`hostile` requests were sent in this order, then a good one, which got `afterwards`.
    `strangers` are requests without a key and with a wrong one; None where nobody needs one.
    `channel` maps an old way to speak to whether it was answered; None without TLS.
    """

    hostile: Sequence[Answer]
    afterwards: int | None = None
    strangers: Sequence[Answer] | None = None
    channel: Mapping[str, bool] | None = None
    missing: str = ""


def judge(evidence: Evidence) -> Verdict:
    """Pass if all that is malformed is refused in good order, and strangers are too."""
    guarded = evidence.strangers is not None
    required = "hostile requests get 4xx, never 5xx, and no stack trace; it answers afterwards"
    required += "; without a key 401 or 403" if guarded else ""
    required += "; TLS 1.2 or newer alone" if evidence.channel is not None else ""
    requests = len(evidence.hostile) + len(evidence.strangers or ())
    measured = f"{requests} requests" + ("" if guarded else ", no key asked for here")
    if not evidence.hostile or (guarded and not evidence.strangers):
        why = evidence.missing or "nothing was asked"
        return Verdict(GATE, "hold", "not tried", required, why)
    if {answer.status for answer in evidence.hostile} == {None} and not evidence.afterwards:
        return Verdict(GATE, "hold", "no answer", required, "nothing answers there")
    problems = [*_problems(evidence)]
    if problems:
        return Verdict(GATE, "fail", measured, required, listed(problems), {"problems": problems})
    return Verdict(GATE, "pass", measured, required, "each was refused in good order")


def _problems(evidence: Evidence) -> Iterator[str]:
    for answer in evidence.hostile:
        if answer.cut_off and answer.status in CUT_OFF:
            pass  # refused all the same
        elif answer.status is None:
            yield f"{answer.request}: no answer"
        elif answer.status >= 500:
            yield f"{answer.request}: {answer.status}"
        elif answer.must_refuse and answer.status not in REFUSED:
            yield f"{answer.request}: was taken ({answer.status})"
        if answer.leak:
            yield f"{answer.request}: its answer shows the inside: {answer.leak}"
    for answer in evidence.strangers or ():
        if answer.status not in STRANGERS:
            yield f"{answer.request}: {answer.status or 'no answer'}, expected 401 or 403"
    for name, answered in (evidence.channel or {}).items():
        if answered:
            yield f"{name} is answered"
    if evidence.afterwards not in (200, 429):
        yield f"a good request afterwards got {evidence.afterwards or 'no answer'}"
