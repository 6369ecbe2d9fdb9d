"""In what order steps run, and how far each runs behind the settled time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.schema.errors import ConfigError
from fairlead.schema.span import Span
from fairlead.schema.step import Step


def delay_us(step: Step) -> int:
    """How long after its own time a row of the step's output is emitted."""
    return int(getattr(step, "delay_us", 0))


def state_name(step: Step) -> str:
    """Under what name a step's carried rows are kept: another version or class starts afresh."""
    return f"{step.kind}.{type(step).__name__}.{step.version}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A step and its lag: it sees event time up to the settled time less `lag_us`."""

    step: Step
    lag_us: int

    def span(self, span: Span) -> Span:
        return Span(span.since_us - self.lag_us, span.until_us - self.lag_us)

    def last_span(self, since_us: int, last_us: int) -> Span:
        """From where the step stands to after everything is out, when no more rows will come.

        Steps without a delay never see event time beyond the last row: silence after the end of a
        recording is not silence of a ship.
        """
        start_us = since_us - self.lag_us
        return Span(start_us, max(start_us, last_us + 1 + delay_us(self.step)))


def plan(steps: Sequence[Step]) -> list[Planned]:
    """The steps in an order in which each table is complete before it is read.

    A step's lag is the greatest, over the tables it reads, of the writer's lag and delay. Raises
    ConfigError for tables that go round in a circle.
    """
    writers: dict[str, list[Step]] = {}
    for step in steps:
        for table in step.writes:
            writers.setdefault(table.name, []).append(step)
    ordered: list[Planned] = []
    ready: dict[str, int] = {}
    waiting = list(steps)
    while waiting:
        runnable = [s for s in waiting if _inputs_ready(s, writers, ordered)]
        if not runnable:
            message = f"steps wait for each other: {', '.join(s.kind for s in waiting)}"
            raise ConfigError(message)
        for step in runnable:
            lag_us = max((ready.get(t.name, 0) for t in step.reads), default=0)
            ordered.append(Planned(step, lag_us))
            for table in step.writes:
                behind = lag_us + delay_us(step)
                ready[table.name] = max(ready.get(table.name, 0), behind)
        waiting = [s for s in waiting if all(s is not r for r in runnable)]
    return ordered


def _inputs_ready(step: Step, writers: dict[str, list[Step]], ordered: list[Planned]) -> bool:
    done = [p.step for p in ordered]
    return all(
        any(writer is d for d in done)
        for table in step.reads
        for writer in writers.get(table.name, [])
        if writer is not step
    )
