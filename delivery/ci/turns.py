"""A runner runs one job at a time: between two transitions a deployment makes way for a rollback
that waits for it."""

from __future__ import annotations

from delivery.context import Context
from delivery.forge.runs import Runs
from delivery.github.api import GithubApi
from delivery.github.errors import GithubError

DEPLOY, ROLLBACK = "deploy.yml", "rollback.yml"


class Turns:
    """The turns of this job. Nobody else waits for a person's machine, or for a hosted runner."""

    def __init__(self, context: Context) -> None:
        here = context.surroundings
        self.made_way = False
        self._runs: Runs | None = None
        if here.in_job and here.github and not here.rehearses and (token := here.job_token):
            self._runs = Runs(GithubApi(here.github.api, token), here.github.slug)

    def make_way(self) -> bool:
        """If a rollback waits for a runner, start the run that goes on after it; True then.

        Raises:
            GithubError: that run could not be started.
        """
        if self._runs is None or not self._rollback_waits(self._runs):
            return False
        self._runs.start(DEPLOY, "main")
        self.made_way = True
        return True

    @staticmethod
    def _rollback_waits(runs: Runs) -> bool:
        try:
            return runs.waits(ROLLBACK)
        except GithubError:  # a deployment needs no GitHub that answers
            return False
