"""Files of main at commits, read once each: those of all attempts at one environment at a time."""

from __future__ import annotations

from collections.abc import Sequence

from delivery.errors import InputError
from delivery.git.repository import Repository
from delivery.state.desired import desired_path, evidence_path
from delivery.state.evidence_file import EvidenceFile, parse_evidence


class MainFiles:
    """What files of `repository` say at commits of main, whose head is `main`."""

    def __init__(self, repository: Repository, main: str) -> None:
        self._git = repository
        self.main = main
        self._texts: dict[tuple[str, str], str] = {}
        self._changes: dict[str, Sequence[tuple[str, str]]] = {}

    def text(self, commit: str, path: str) -> str:
        """A file at a commit; empty where it is not there."""
        if (commit, path) not in self._texts:
            self._read([(commit, path)])
        return self._texts[commit, path]

    def pair(self, environment: str, commit: str) -> tuple[str, str]:
        """The texts of desired.yaml and evidence.json of an environment at a commit."""
        paths = desired_path(environment), evidence_path(environment)
        return self.text(commit, paths[0]), self.text(commit, paths[1])

    def evidence(self, environment: str, commit: str) -> EvidenceFile | None:
        """The evidence.json of a commit; None where there is none or it cannot be read."""
        path = evidence_path(environment)
        try:
            return parse_evidence(self.text(commit, path), path)
        except InputError:
            return None

    def changes(self, environment: str) -> Sequence[tuple[str, str]]:
        """Commit and moment of each attempt. Reads the files of all of them on the way."""
        if environment not in self._changes:
            paths = desired_path(environment), evidence_path(environment)
            changes = self._git.changes(paths[0], self.main)
            self._read([(commit, path) for commit, _ in changes for path in paths])
            self._changes[environment] = changes
        return self._changes[environment]

    def _read(self, places: Sequence[tuple[str, str]]) -> None:
        """Keep the texts of files at commits."""
        texts = self._git.read_all([f"{commit}:{path}" for commit, path in places])
        self._texts.update(zip(places, (text or "" for text in texts), strict=True))
