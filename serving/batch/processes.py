"""Tasks scored by several processes, each with a model of its own.

A process ends when the one that started it does, however that ends: its pipe breaks.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from serving.batch.documents import UnitRecord
from serving.batch.errors import BatchError, Failed
from serving.batch.scorer import Scorer, Task, Work
from serving.strict import DocumentError

SPAWN = multiprocessing.get_context("spawn")  # threads of a runtime do not survive a fork


def scored(tasks: Sequence[Task], work: Work, processes: int) -> Iterator[UnitRecord]:
    """The records of all units of the tasks, as they are done.

    Raises:
        BatchError, DocumentError: the first that a process raised; the others are ended.
    """
    processes = min(processes, len(tasks))
    if processes > 1:
        yield from _Pool(work, processes).run(tasks)
    elif tasks:
        score = Scorer(work)
        for task in tasks:
            yield from score(task)


class _Pool:
    """Processes, each with its end of a pipe."""

    def __init__(self, work: Work, processes: int) -> None:
        self._processes: dict[Connection, SpawnProcess] = {}
        for _ in range(processes):
            here, there = SPAWN.Pipe()
            process = SPAWN.Process(target=_work, args=(work, there), daemon=True)
            process.start()
            there.close()  # so that its end is seen
            self._processes[here] = process

    def run(self, tasks: Sequence[Task]) -> Iterator[UnitRecord]:
        """A task for each process, and the next one when it is done."""
        left = list(reversed(tasks))
        try:
            busy = list(self._processes)
            for connection in busy:
                self._send(connection, left.pop())
            while busy:
                for ready in wait(busy):
                    connection = next(each for each in busy if each is ready)
                    answer = self._answer(connection)
                    if answer is not None:
                        yield answer
                    elif left:
                        self._send(connection, left.pop())
                    else:
                        busy.remove(connection)
        finally:
            for connection, process in self._processes.items():
                process.terminate()
                connection.close()
                process.join()

    def _send(self, connection: Connection, task: Task) -> None:
        with suppress(BrokenPipeError):  # it ended: `_answer` will say why
            connection.send(task)

    def _answer(self, connection: Connection) -> UnitRecord | None:
        """A record; None at the end of a task."""
        try:
            answer = connection.recv()
        except (EOFError, ConnectionResetError):
            process = self._processes[connection]
            process.join()
            raise Failed(
                f"a process ended with {process.exitcode}; -9 is often a lack of memory: use fewer "
                "--processes. What is done is kept; run the same command again"
            ) from None
        if isinstance(answer, Exception):
            raise answer
        assert answer is None or isinstance(answer, UnitRecord)
        return answer


def _work(work: Work, connection: Connection) -> None:
    """What a process does: a task after the other, until nobody sends one."""
    with suppress(EOFError, BrokenPipeError, KeyboardInterrupt):
        try:
            score = Scorer(work)
            while True:
                for record in score(connection.recv()):
                    connection.send(record)
                connection.send(None)
        except (BatchError, DocumentError) as error:
            connection.send(error)
