"""The page on a telephone: 390 pixels wide, as Chromium lays it out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.evidence.reported.classes import SHOWN
from delivery.gates.judgement import Judgement
from delivery.gates.registry import GATES
from delivery.gates.verdict import Verdict
from delivery.report.page import html
from delivery.report.rollout import Moment, rollout_html
from serving.contract import Task
from tests.delivery.report.judged import CARD, evidence, judgement
from tests.delivery.report.test_rollout import BEGUN, ROLLOUT

WIDTH = 390
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
# Everything whose right or left end lies outside the window, and text that its box cuts off. The
# page stands in a frame, since a window of Chromium is at least 500 pixels wide.
MEASURE = """
<iframe id="page" width="390" height="20000" srcdoc="{page}"></iframe><pre id="found"></pre>
<script>
document.getElementById("page").onload = event => {
  const inner = event.target.contentDocument, outside = [];
  for (const details of inner.querySelectorAll("details")) details.open = true;
  for (const element of inner.querySelectorAll("body *")) {
    if (element.closest("svg")) continue;
    const box = element.getBoundingClientRect();
    const cut = element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0;
    if (box.width && (box.right > 390.5 || box.left < -0.5 || cut))
      outside.push(`${element.tagName} ${element.className}: ${element.textContent.slice(0, 40)}`);
  }
  document.getElementById("found").textContent =
    JSON.stringify({width: inner.documentElement.scrollWidth, outside});
};
</script>
"""


def measured(page: str, folder: Path) -> dict[str, object]:
    escaped = page.replace("&", "&amp;").replace('"', "&quot;")
    file = folder / "narrow.html"
    file.write_text(MEASURE.replace("{page}", escaped), encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/home",
         "--virtual-time-budget=5000", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    [found] = re.findall(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    return json.loads(found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: the page is not laid out")
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_nothing_is_cut_on_a_narrow_screen(task: Task, tmp_path: Path) -> None:
    words = "log loss 0.6518, champion 0.5590 (+16.60%); bound +24.00%"
    verdicts = tuple(
        Verdict(gate.name, ("fail", "hold", "pass")[place % 3], words, f"{'0' * 64} {words}", words)
        for place, gate in enumerate(GATES)
    )
    subject = {
        "name": "flight-delays",
        "date": "2026-11-27",
        "branch": "b" * 80,
        "commit": "c" * 40,
    }
    inputs = [
        {"input": f"a_long_name_of_an_input_{n}", "candidate": 0.1, "reference": 0.2}
        for n in range(3)
    ]
    found = {
        **judgement(evidence(task)).evidence,
        "card": CARD, "subject": subject, "importance": {"inputs": inputs},
    }  # fmt: skip
    if task == "multiclass":  # as many classes as are shown, in names as long as people give
        names = [f"a class of many words {n}" for n in range(SHOWN + 1)]
        figures = {"precision": 0.123, "recall": 1.0}
        found["classes"] = [
            {"name": name, "rows": 12_345, "candidate": figures, "reference": figures}
            for name in names[:SHOWN]
        ]
        found["confusion"] = {"names": names, "rows": [[1_234] * len(names)] * len(names)}
    page = html(Judgement(verdicts, "r-40e9703c1afb", "r-9ac64b957553", found))
    assert measured(page, tmp_path) == {"width": WIDTH, "outside": []}


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: the page is not laid out")
def test_the_page_of_a_rollout_is_not_cut_either(tmp_path: Path) -> None:
    long = Moment(
        BEGUN + 60, "inconclusive-1", f"{'w' * 80}; rollout_errors: hold", "ada@" + "x" * 40
    )
    page = rollout_html(replace(ROLLOUT, moments=[*ROLLOUT.moments, long]))
    assert measured(page, tmp_path) == {"width": WIDTH, "outside": []}
