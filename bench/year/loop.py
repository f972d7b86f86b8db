"""The loop itself in a scratch clone, week by week, by the commands that people use.

A run that was killed goes on: `state.json` says which weeks are over, and the commands adopt what
they find.
"""

from __future__ import annotations

import itertools
import resource
import shutil
import threading
import time
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.year.calendar import (
    DELAY,
    MENDED_AFTER,
    Day,
    Story,
    arrived,
    complete,
    weeks,
)
from bench.year.checkout import Checkout
from bench.year.state import CONSOLE, STATE, State
from bench.year.traffic import Client, Request, put_back, put_labels_back, requests
from delivery.demo.stage import DemoError, Stage, take_down
from delivery.monitoring.judges import labels, quality
from delivery.monitoring.judges.finding import alarms
from delivery.monitoring.judges.rows import DAY, Log
from delivery.monitoring.log import read
from delivery.settings.monitoring import Monitoring
from serving.contract import Contract, read_contract

POLICY = Monitoring.model_validate({"labels": {"delay_days": DELAY.days}})
REFUSED = (3, 4)  # a gate says no, or cannot tell
WEEKS = 14  # that the monitor reads at most
PAUSE = 0.1  # s between requests while a release rolls out
LOGGED = 30.0  # s after its answer in which a request has to be in the log


class Loop:
    """One story, in the folder of its stage."""

    def __init__(self, stage: Stage, story: Story, rows: pd.DataFrame) -> None:
        self.stage, self.story, self.rows = stage, story, rows
        self.checkout = Checkout(stage)
        self.log, self._window = stage.folder / "log", stage.folder / "window"
        self._file = stage.folder / STATE
        self.state = State.read(self._file)
        self._sent = (0, 0, 0)  # requests, rows, lost: of this week, which may be sent again

    def play(self, own: Mapping[str, Any], months: int) -> State:
        """All weeks of at most `months`; stops what runs at the end."""
        if not self._file.is_file():
            self.checkout.lay_out(own)
            self.log.mkdir(exist_ok=True)
            self._save()
        if self.state.done:
            self.checkout.clean()
            self.checkout.run("delivery", "deploy", "production")  # the end of a run stops it
        end = self.story.begin + pd.DateOffset(months=months)
        for begin, last in weeks(self.story.begin, self.story.end):
            if str(last) > self.state.done and begin < end:
                clock, cpu = time.monotonic(), _cpu()
                CONSOLE.print(f"[bold]{self.story.name}: {begin:%d %b} to {last:%d %b}[/bold]")
                self.state.forget(begin)
                self._morning(begin)
                self._week(begin, last)
                self.state.done = str(last)
                self.state.add(*self._sent)
                self.state.seconds += time.monotonic() - clock
                self.state.cpu += _cpu() - cpu
                self._save()
        take_down(self.stage)
        return self.state

    # A morning: has something new arrived, and may a model learn from it?

    def _morning(self, morning: Day) -> None:
        """The schedule, once a month; and whatever is open is judged, merged and released."""
        self.checkout.clean()
        month = complete(morning)
        if month > self.state.tried:
            self.state.tried = month
            if self._is_broken(morning):
                self.state.note(morning, "held back", month=month)
            else:
                self._arrive(morning)
                result = self.checkout.ask("retrain", "--reason", f"Month {month} is complete.")
                self.state.note(morning, "retrain", month=month, unchanged=result["unchanged"])
                self._enter("" if result["unchanged"] else "proposed")
        self._settle(morning)

    def _is_broken(self, morning: Day) -> bool:
        """Does somebody know of a fault that is not mended yet?"""
        return bool(self.state.mended) and morning < Day(self.state.mended)

    def _arrive(self, morning: Day) -> None:
        """Lay out what has arrived. Rows that are known to be broken are left out."""
        rows = arrived(self._as_they_come(), morning)
        if self.state.mended:
            span = self.story.since, self.state.sound_from
            rows = rows[~rows["scheduled"].between(*span, inclusive="left")]
        rows.reset_index(drop=True).to_parquet(self.stage.folder / "arrived.parquet")

    def _as_they_come(self) -> pd.DataFrame:
        return self.story.broken(self.rows, self.state.sound_from)

    def _settle(self, morning: Day) -> None:
        """Gate each retrain that is open; merge it if it passes, else close it. Release what was
        merged, and bring it to production's door."""
        if self.state.phase == "proposed":
            for pull in self.checkout.open("retrain/"):
                self._gate(morning, pull)
            self.checkout.clean()
        if self.state.phase == "merged":
            code = self.checkout.run("delivery", "release", allowed=(0, *REFUSED))
            self._enter("" if code else "staging")
            if code:
                self.state.note(morning, "release refused")
        if self.state.phase == "staging":
            self.checkout.merge_promotions()
            self.checkout.run("delivery", "deploy", "staging")
            self.checkout.merge_promotions()
            self._enter("production")

    def _gate(self, morning: Day, pull: Mapping[str, Any]) -> None:
        """The policy of the replay: merged if the gates pass, closed if not."""
        self.checkout.clean()
        self.checkout.run("git", "fetch", "--quiet", "origin")
        self.checkout.run("git", "switch", "--quiet", "-C", pull["head"], f"origin/{pull['head']}")
        code = self.checkout.run("delivery", "gate", allowed=(0, *REFUSED))
        blocking = self.checkout.blocking() if code else []
        self.state.note(morning, "gate", pull=pull["number"], passed=not code, blocking=blocking)
        number = str(pull["number"])
        if code:
            reason = f"not merged: {', '.join(each['gate'] for each in blocking)}"
            self.checkout.run("delivery", "pr", "close", number, "--reason", reason)
            self._enter("")
        else:
            self.checkout.run("delivery", "pr", "merge", number)
            when = pd.read_parquet(self.stage.folder / "arrived.parquet")["scheduled"]
            broken = self.story.learned_from(when, self.state.sound_from)
            self.state.learned = max(self.state.learned, broken)
            self._enter("merged")

    # A week: requests, labels, and what the monitor says of each of its days.

    def _week(self, begin: Day, end: Day) -> None:
        """Send the week while what is wanted rolls out; then look."""
        if not self.state.done:
            self._roll_out(begin)  # nothing answers before
        contract = read_contract(self.stage.clone / "artifacts" / "model" / "contract.json")
        rows, early = self._as_they_come(), begin - DELAY
        here = rows["scheduled"].between(early, end, inclusive="left")
        asked = list(requests(rows[here], [spec.name for spec in contract.inputs]))
        week = [request for request in asked if request.day >= begin]
        late = [request for request in asked if request.day < begin and self.state.done]
        rolled = threading.Event()
        sender = threading.Thread(target=self._send, args=(late, week, rolled))
        sender.start()
        try:
            self._roll_out(begin)
        finally:
            rolled.set()
            sender.join()
        self._keep(begin, week)
        self._look(begin, end, contract)

    def _roll_out(self, morning: Day) -> None:
        if self.state.phase == "production":
            self.checkout.run("delivery", "deploy", "production")
            row = self.checkout.ask("status")[-1]
            self.state.url = row["url"]
            self.state.note(morning, "release", release=row["wanted"])
            self._enter("")

    def _send(self, late: list[Request], week: list[Request], rolled: threading.Event) -> None:
        """Slowly until `rolled`, then as fast as it is answered. At the end of a day the labels of
        the day before come; `late` is the day before the week."""
        client, waiting = Client(self.state.url), late
        for request, following in itertools.zip_longest(week, week[1:]):
            rolled.wait(PAUSE)
            client.predict(request)
            waiting.append(request)
            if following is None or following.day > request.day:
                known = [each for each in waiting if each.day < request.day]
                waiting = [each for each in waiting if each.day >= request.day]
                if known:
                    client.feedback(known)
        client.close()
        self._sent = len(week), sum(len(each.instances) for each in week), client.lost

    def _keep(self, begin: Day, week: list[Request]) -> None:
        """The lines of the week, with the clock of 2013; the monitor's folder has the newest."""
        [folder] = self.stage.clone.glob(".delivery/targets/production/predictions")
        file = self.log / f"predictions-{begin:%Y%m%d}.jsonl"
        asked, until = {request.id for request in week}, time.monotonic() + LOGGED
        while (written := put_back(folder, asked, file)) < len(week):  # workers log in batches
            if time.monotonic() > until:
                raise DemoError(f"the log has {written} of {len(week)} requests of {begin:%d %B}")
            time.sleep(PAUSE)
        shutil.rmtree(self._window, ignore_errors=True)
        self._window.mkdir()
        for old in sorted(self.log.glob("predictions-*"))[-WEEKS:]:
            (self._window / old.name).symlink_to(old)
        put_labels_back(folder, self._window / "feedback.jsonl")

    def _look(self, begin: Day, end: Day, contract: Contract) -> None:
        """Quality and AUC by each morning, and all judges on Monday by the command."""
        rows = read(str(self._window), contract, begin.timestamp() - 35 * DAY).rows
        for morning in pd.date_range(begin, end, inclusive="neither"):
            until = morning.timestamp()
            log = Log(rows.between(0, until), until, contract)
            found = (*quality.judge(log, POLICY), labels.auc(log, POLICY))
            self._take(morning, [finding.to_json() for finding in alarms(found)])
        self._arrive(end)
        options: tuple[str, ...] = () if self._is_broken(end) else ("--propose",)
        options += ("--log", str(self._window), "--until", f"{end:%Y-%m-%d}")
        seen = self.checkout.ask("monitor", "production", *options)
        self._take(end, [each for each in seen["findings"] if each["status"] == "alarm"])
        decision, proposed = seen["decision"]["why"], bool(seen["pull"])
        self.state.note(end, "look", decision=decision, outcome=seen["outcome"], proposed=proposed)
        if proposed:
            self._enter("proposed")

    def _take(self, morning: Day, found: list[dict[str, Any]]) -> None:
        """Alarms. Somebody looks at those about broken data the same day, and knows what is true:
        a fault is mended in a week, a false alarm put aside."""
        for each in found:
            true = self.story.is_about(each, morning, self.state.sound_from)
            told = {key: each[key] for key in ("judge", "measured")}
            self.state.note(morning, "alarm", **told, true=true)
            if true and not self.state.mended:
                self.state.mended = str(morning + MENDED_AFTER)

    def _enter(self, phase: str) -> None:
        self.state.phase = phase
        self._save()

    def _save(self) -> None:
        self.state.save(self._file)


def _cpu() -> float:
    """s that processes have taken which were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
