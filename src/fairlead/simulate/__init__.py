"""Seeded seas with truth: what was sent, what was heard of it, and what really happened."""

from fairlead.simulate.clock import DEFAULT_HOURS, START_US
from fairlead.simulate.points import sea_points
from fairlead.simulate.sea import SCENARIOS, Sea, simulate
from fairlead.simulate.traffic import Traffic, traffic, traffic_points
from fairlead.simulate.truth import TRUTH_EVENTS, TRUTH_LINES, events_truth, lines_truth

__all__ = [
    "DEFAULT_HOURS",
    "SCENARIOS",
    "START_US",
    "TRUTH_EVENTS",
    "TRUTH_LINES",
    "Sea",
    "Traffic",
    "events_truth",
    "lines_truth",
    "sea_points",
    "simulate",
    "traffic",
    "traffic_points",
]
