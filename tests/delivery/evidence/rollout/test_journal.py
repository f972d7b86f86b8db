"""What was compared is written down once, and read by whoever goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.evidence.rollout.journal import Journal
from delivery.gates.rollout.observations.pairs import Compared, Question

QUESTION = Question("binary", 0.5, 0.6, 0.01, ("carrier",), classes=("no", "yes"), labels=True)
ONE = Compared("one", 1.0, [0.1], [0.2], 0.01, segments={"carrier": ["AA"]}, request=2**64 - 1)
TWO = Compared("two", 2.0, [[0.1, 0.9]], None, why="422 no")
THREE = Compared("three", 3.0, [0.3], [0.3], mirrored=True)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal.of(tmp_path / "logs", "a" * 40, 1)
    made.begin(QUESTION)
    made.add([ONE, TWO])
    return made


def test_who_comes_next_reads_the_same(journal: Journal) -> None:
    again = Journal(journal.path).read()
    assert (again.question, again.compared) == (QUESTION, [ONE, TWO])
    assert (journal.question, journal.compared) == (QUESTION, [ONE, TWO])
    assert again.keys == {"one", "two"}


def test_it_reads_on(journal: Journal) -> None:
    other = Journal(journal.path).read()
    journal.add([])
    journal.add([THREE])
    assert other.read().compared == [ONE, TWO, THREE]


def test_the_question_is_the_first_ones(journal: Journal) -> None:
    journal.begin(Question("regression"))
    assert Journal(journal.path).read().question == QUESTION


def test_half_a_line_of_who_was_killed_is_none_and_the_next_goes_on(journal: Journal) -> None:
    with journal.path.open("ab") as file:
        file.write(b'{"key": "torn", "at": 3')
    assert Journal(journal.path).read().compared == [ONE, TWO]
    other = Journal(journal.path).read()
    other.add([THREE])
    assert Journal(journal.path).read().compared == [ONE, TWO, THREE]


def test_what_two_wrote_counts_once(journal: Journal) -> None:
    Journal(journal.path).read().add([ONE])
    assert Journal(journal.path).read().compared == [ONE, TWO]


def test_it_is_its_owners(journal: Journal) -> None:
    """There are the answers to clients."""
    assert journal.path.stat().st_mode & 0o077 == 0
    assert journal.path.parent.stat().st_mode & 0o077 == 0
    assert journal.path.name == "shadow-aaaaaaaaaaaa-1.jsonl"


def test_before_anything_was_asked_there_is_no_question(tmp_path: Path) -> None:
    assert Journal.of(tmp_path, "a" * 40, 1).read().question is None
