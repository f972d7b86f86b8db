"""Compares what a champion and its candidate answer to the same requests.

A copy of what clients send reaches the candidate by the router, where it mirrors; such requests are
known again by the digest of their bytes. The candidate is asked the rest of what the champion wrote
down, one request at a time and half of the time, so that the machine has room for clients.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from delivery.bento.bento import Bento
from delivery.bento.readiness import local_client
from delivery.deployment.admitted import Admitted
from delivery.events.steps import Shade, shades_of
from delivery.evidence.rollout.answers import Answered, Answers
from delivery.evidence.rollout.journal import Journal
from delivery.evidence.rollout.replay import compared, replayed
from delivery.evidence.rollout.truths import Truths
from delivery.gates.rollout import shadow
from delivery.gates.rollout.observations.pairs import Compared, Question, pairs_of
from delivery.gates.rollout.shadow import GATE
from delivery.gates.verdict import Verdict
from delivery.settings.rollout import Shadow
from delivery.state.evidence_file import EvidenceFile
from delivery.state.history import Attempt
from delivery.targets.protocol import Target

MIRRORED = 10  # percent, where settings do not say
GRACE = 5.0  # s: for a copy to be answered and written down
FORGET = 60.0  # s: a copy whose request is not written down by then is nobody's
SLICE = 0.5  # s: as long as it asks at a time


def journal_of(target: Target, attempt: Attempt) -> Journal:
    """What the newest shadow of an attempt compared so far."""
    shade = shades_of(attempt.events)[-1]
    return Journal.of(target.runtime.predictions, attempt.commit, shade.number).read()


def verdicts_on(
    journal: Journal, policy: Shadow, truths: Truths | None = None
) -> tuple[Verdict, ...]:
    """None before anything was asked. `truths` reads on in the labels that come meanwhile."""
    question = journal.question
    if question is None:
        return ()
    if question.problem:
        required = "requests of clients that the candidate can be asked again"
        return (Verdict(GATE, "hold", "nothing was compared", required, question.problem),)
    known = truths or Truths(journal.path.parent, log_lines(policy))
    return (shadow.judge(pairs_of(journal.compared, question, known.read()), policy),)


def log_lines(policy: Shadow) -> int:
    """How many lines of a log can matter."""
    return policy.replay + policy.most


def to_ask(champion: Sequence[Answered], shade: Shade, policy: Shadow) -> Sequence[Answered]:
    """Of what the champion wrote down: the newest from before the shadow, and all since."""
    before = [item for item in champion if item.at < shade.begun]
    since = [item for item in champion if item.at >= shade.begun]
    return [*before[len(before) - min(len(before), policy.replay) :], *since]


def question_about(admitted: Admitted, attempt: Attempt) -> Question:
    """What an attempt is asked beside what is verified."""
    champion, candidate = map(admitted.bento, (admitted.previous, attempt.desired.wanted))
    evidence = admitted.snapshot.evidence(attempt.environment.name, attempt.commit)
    depends = admitted.snapshot.settings.feedback.depends_on_answer
    return question_of(champion, candidate, evidence, labels=depends == "no")


def question_of(
    champion: Bento, candidate: Bento, evidence: EvidenceFile | None, *, labels: bool = False
) -> Question:
    """What both contracts say, and what the holdout has shown if it was this champion's. `labels`:
    do they not depend on who answered?"""
    ours, theirs = candidate.contract, champion.contract
    hidden = [spec.name for spec in theirs.inputs if spec.sensitive]
    judged = evidence.judged if evidence else None
    known = judged is not None and judged.champion == champion.id
    names = {spec.name for spec in theirs.inputs}
    return Question(
        task=ours.task,
        threshold=theirs.threshold,
        own_threshold=ours.threshold,
        expected_flips=judged.flips if judged and known else None,
        segments=tuple(name for name in ours.roles.segments if name in names),
        problem=_problem(hidden, ours.task != theirs.task or ours.classes != theirs.classes),
        classes=tuple(ours.classes or ()),
        labels=labels,
    )


def _problem(hidden: Sequence[str], differ: bool) -> str:
    if differ:
        return "the two releases answer another question: their tasks or classes differ"
    if hidden:
        named = ", ".join(hidden)
        return f"{named} is sensitive, so it is not written down and cannot be asked again"
    return ""


def share_of(target: Target, policy: Shadow) -> int:
    """How many percent of the predictions are mirrored."""
    if policy.mirror is not None:
        return policy.mirror
    return MIRRORED if target.capabilities.mirror else 0


@dataclass
class Comparison:
    """Of the newest shadow of `attempt`; reads on in what both releases write down."""

    target: Target
    attempt: Attempt
    policy: Shadow
    question: Question
    journal: Journal = field(init=False)
    shade: Shade = field(init=False)
    _logs: tuple[Answers, Answers] = field(init=False)
    _truths: Truths = field(init=False)
    _waiting: deque[Answered] = field(default_factory=deque)  # answered by the champion alone
    _copies: list[Answered] = field(default_factory=list)  # what the candidate answered to copies
    _began: bool = False

    def __post_init__(self) -> None:
        self.shade = shades_of(self.attempt.events)[-1]
        self.journal = journal_of(self.target, self.attempt)
        folder, most = self.target.runtime.predictions, log_lines(self.policy)
        self._truths = Truths(folder, most)
        candidate = self.attempt.desired.wanted.release
        self._logs = Answers(folder, self.shade.champion, most), Answers(folder, candidate, most)

    def verdicts(self) -> tuple[Verdict, ...]:
        """On everything so far."""
        return verdicts_on(self.journal.read(), self.policy, self._truths)

    def go_on(self, seconds: float = SLICE) -> None:
        """Compare more, for about so long; nothing past the last look."""
        self.journal.begin(self.question)
        if self.question.problem or sum(map(len, self.journal.compared)) >= self.policy.most:
            return
        self._read()
        self.journal.add(self._mirrored())
        self.journal.add(list(self._replay(seconds)))

    def _read(self) -> None:
        """What both wrote down since: to begin with the newest requests from before the shadow."""
        champion, candidate = (log.read() for log in self._logs)
        if not self._began:
            champion = to_ask(champion, self.shade, self.policy)
            self._began = True
        new = [item for item in champion if item.key not in self.journal.keys]
        self._waiting.extend(new[: self.policy.most - min(self.policy.most, len(self._waiting))])
        self._copies += [item for item in candidate if item.digest and item.at >= self.shade.begun]

    def _mirrored(self) -> list[Compared]:
        """The k-th request of some bytes that the champion answered and the k-th that the candidate
        did are one."""
        copies, left, pairs = defaultdict[str, deque[Answered]](deque), deque[Answered](), []
        for item in self._copies:
            copies[item.digest].append(item)
        for item in self._waiting:
            if item.at >= self.shade.begun and copies[item.digest]:
                answer = copies[item.digest].popleft()
                pairs.append(compared(item, answer.score, self.question.segments, mirrored=True))
            else:
                left.append(item)
        young = time.time() - FORGET
        self._copies = [item for same in copies.values() for item in same if item.at > young]
        self._waiting = left
        return pairs

    def _replay(self, seconds: float) -> Iterator[Compared]:
        """What no copy is expected of any more; one request at least."""
        candidate = self.target.runtime.instances().get(self.attempt.desired.wanted.release)
        if candidate is None or not candidate.alive:
            return  # what follows from that is the strategy's
        with local_client() as client:
            until = time.monotonic() + seconds
            while self._waiting and not self._is_young(self._waiting[0]):
                answer = replayed(client, candidate.url, self._waiting[0], self.question.segments)
                if answer is None:
                    return
                self._waiting.popleft()
                yield answer
                if time.monotonic() > until:
                    return

    def _is_young(self, item: Answered) -> bool:
        """May a copy of it still be answered and written down?"""
        mirrored = self.shade.mirror and item.at >= self.shade.begun
        return bool(mirrored and time.time() < item.at + GRACE)
