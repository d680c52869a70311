"""Ours, the peers and the limits in one interleaved run, so that a noisy machine is unfair to none."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["ours", "peer", "limit"]


@dataclass(frozen=True)
class Contender:
    name: str
    role: Role
    run: Callable[[], object]
    """One run; what it returns is not looked at."""
    target: float | None = None
    """Ours should be at least this many times as fast as this one (below 1: no slower than that share)."""


def compare(
    title: str,
    contenders: Sequence[Contender],
    *,
    amount: float,
    unit: str,
    rounds: int = 5,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Run all in turn, `rounds` times, print a table, and return the median rate of each.

    Parameters
    ----------
    amount, unit :
        What one run gets through: 268.4 and "MB" print as MB/s.
    clock : function
        `time.process_time` counts the work of this process instead of the time that passes.
    """
    seconds: dict[str, list[float]] = {c.name: [] for c in contenders}
    for number in range(warm_up + rounds):
        for contender in contenders:
            start = clock()
            contender.run()
            if number >= warm_up:
                seconds[contender.name].append(clock() - start)
    ours = next(c.name for c in contenders if c.role == "ours")
    print(f"{title}  ({amount:g} {unit}, {rounds} rounds)")
    print(f"  {'':<44}{'min':>10}{'median':>10}{'max':>10}  {unit}/s   ours/this (min–max)")
    for c in contenders:
        rates = sorted(amount / s for s in seconds[c.name])
        line = f"  {c.role:<6}{c.name:<38}{rates[0]:>10.4g}{statistics.median(rates):>10.4g}{rates[-1]:>10.4g}"
        if c.name != ours:
            ratios = sorted(theirs / mine for mine, theirs in zip(seconds[ours], seconds[c.name], strict=True))
            ratio = statistics.median(ratios)
            line += f"{'':8}{ratio:.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
            if c.target is not None:
                line += f"  target ≥ {c.target:g}  {'reached' if ratio >= c.target else 'MISSED'}"
        print(line)
    return {c.name: amount / statistics.median(seconds[c.name]) for c in contenders}
