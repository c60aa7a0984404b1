"""Running steps: in parallel, each once; a step that fails does not stop the others.

A step starts when the steps it needs are done, a job is free and there is memory for it; if no
other step is running, it starts in any case. A lock for each step keeps two builds from doing it at
the same time: the second waits, and then finds it done. Whether a step has to run is decided under
that lock.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dlconv.errors import DlconvError
from dlconv.plan.memory import memory_for_steps, memory_of
from dlconv.plan.process import StepProcess
from dlconv.plan.result import Result, Status
from dlconv.plan.state import State, inputs_of
from dlconv.plan.steps import Step
from dlconv.storage.disk import disk_trouble

if TYPE_CHECKING:
    from filelock import BaseFileLock

POLL_SECONDS = 0.05
NO_CHANGES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Limits:
    """How many steps run at once, and how many bytes of memory they may take together."""

    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory: int = field(default_factory=memory_for_steps)


class Observer(Protocol):
    """What a run reports its events to."""

    def waits(self, step: Step) -> None:
        """Another build is doing the step."""

    def starts(self, step: Step, reason: str) -> None:
        """The step starts, for a reason in a few words."""

    def ends(self, result: Result, log: Path) -> None:
        """The step is over; ``log`` is what it printed, if it ran."""


class SilentObserver:
    """An observer that ignores all events."""

    def waits(self, step: Step) -> None:
        """Do nothing."""

    def starts(self, step: Step, reason: str) -> None:
        """Do nothing."""

    def ends(self, result: Result, log: Path) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class _Running:
    step: Step
    process: StepProcess
    lock: "BaseFileLock"
    inputs: Mapping[str, str]
    memory: int


class Builder:
    """One run over steps, each of which comes after all that it needs.

    ``environment`` is added to that of the steps' processes.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        state: State,
        limits: Limits,
        observer: Observer,
        environment: Mapping[str, str] = NO_CHANGES,
    ) -> None:
        self._steps = steps
        self._state = state
        self._limits = limits
        self._observer = observer
        self._environment = environment
        self._waiting = list(steps)
        self._running: list[_Running] = []
        self._results: dict[str, Result] = {}
        self._announced: set[str] = set()

    def run(self) -> list[Result]:
        """Run the steps that have to run, and return the result of each step, in their order."""
        try:
            while self._waiting or self._running:
                is_busy = self._start_some()
                if not (self._finish_some() or is_busy):
                    time.sleep(POLL_SECONDS)
        finally:
            for each in self._running:
                each.process.end()
                each.lock.release()
        return [self._results[step.name] for step in self._steps]

    def _start_some(self) -> bool:
        """Start the steps that can start; return whether any was started or settled."""
        before = len(self._waiting)
        for step in list(self._waiting):
            found = [self._results[name] for name in step.needs if name in self._results]
            lacking = [result.step.title for result in found if not result.is_there]
            if lacking:
                self._settle(Result(step, Status.NOT_RUN, reason=f"needs {lacking[0]}"))
            elif len(found) == len(step.needs) and self._has_room_for(step):
                self._try(step)
        return len(self._waiting) < before

    def _has_room_for(self, step: Step) -> bool:
        if not self._running:
            return True
        taken = sum(each.memory for each in self._running)
        needed = memory_of(step, self._state.record(step))
        return len(self._running) < self._limits.jobs and taken + needed <= self._limits.memory

    def _try(self, step: Step) -> None:
        """Start a step, or settle that it need not run, unless another build is doing it."""
        try:
            lock = self._lock(step)
            if lock is not None:
                self._start(step, lock)
        except DlconvError as error:
            self._settle(Result(step, Status.FAILED, reason=str(error)))

    def _lock(self, step: Step) -> "BaseFileLock | None":
        import filelock

        path = self._state.place(step, ".lock")
        lock = filelock.FileLock(path)
        with disk_trouble(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                if step.name not in self._announced:
                    self._announced.add(step.name)
                    self._observer.waits(step)
                return None
        return lock

    def _start(self, step: Step, lock: "BaseFileLock") -> None:
        try:
            reason = self._state.why_run(step)
            if not reason:
                lock.release()
                self._settle(skipped(step, self._state))
                return
            inputs = inputs_of(step)
            log = self._state.place(step, ".log")
            process = StepProcess(step.task, log, self._environment)
        except BaseException:
            lock.release()
            raise
        memory = memory_of(step, self._state.record(step))
        self._waiting.remove(step)
        self._running.append(_Running(step, process, lock, inputs, memory))
        self._observer.starts(step, reason)

    def _finish_some(self) -> bool:
        ended = [each for each in self._running if each.process.has_ended]
        for each in ended:
            self._running.remove(each)
            try:
                result = self._result_of(each)
            finally:
                each.lock.release()
            self._settle(result)
        return bool(ended)

    def _result_of(self, ran: _Running) -> Result:
        seconds, answer = ran.process.seconds, ran.process.answer()
        if answer.done is None:
            return Result(ran.step, Status.FAILED, seconds, reason=answer.error)
        try:
            self._state.keep(ran.step, answer.done, ran.inputs, answer.memory)
        except DlconvError as error:
            return Result(ran.step, Status.FAILED, seconds, reason=str(error))
        done = answer.done
        return Result(ran.step, Status.DONE, seconds, done.bytes, done.agreement)

    def _settle(self, result: Result) -> None:
        if result.step in self._waiting:
            self._waiting.remove(result.step)
        self._results[result.step.name] = result
        self._observer.ends(result, self._state.place(result.step, ".log"))


def skipped(step: Step, state: State) -> Result:
    """Return the result of a step that need not run: that of its last run, without the time."""
    record = state.record(step)
    if record is None:
        return Result(step, Status.SKIPPED)
    return Result(step, Status.SKIPPED, None, record.bytes, record.agreement)


def preview(steps: Sequence[Step], state: State) -> list[Result]:
    """Return what a run would do, without doing it.

    Steps after a step that would run are expected to run, too.
    """
    found: dict[str, Result] = {}
    for step in steps:
        before = [found[name].step for name in step.needs if not found[name].is_there]
        try:
            reason = f"after {before[0].title}" if before else state.why_run(step)
            result = Result(step, Status.WOULD_RUN, reason=reason) if reason else None
        except DlconvError as error:
            result = Result(step, Status.FAILED, reason=str(error))
        found[step.name] = result or skipped(step, state)
    return list(found.values())
