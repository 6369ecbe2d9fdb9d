"""The list of detectors: every one loads, says what it does, and takes its settings."""

import dataclasses

import pytest

from fairlead.events import DETECTORS, NEEDED, detector, detector_class, detectors, presets
from fairlead.geo.places import places_from
from fairlead.schema.errors import ConfigError
from fairlead.schema.step import Step
from fairlead.schema.tables import EVENTS


@pytest.mark.parametrize("kind", DETECTORS)
def test_every_detector_is_a_step_with_a_sentence(kind):
    made = detector(kind)
    assert isinstance(made, Step)
    assert made.writes == (EVENTS,)
    assert kind in (made.kind, "port_visit_learned")
    first = (detector_class(kind).__doc__ or "").splitlines()[0]
    assert first.endswith((".", ","))
    assert len(first) > 40
    assert dataclasses.is_dataclass(made)


def test_what_needs_a_list_is_left_out_without_it():
    kinds = [s.kind for s in detectors()]
    assert "zone" not in kinds
    assert kinds.count("port_visit") == 1
    assert set(NEEDED) <= set(DETECTORS)


def test_given_ports_take_the_place_of_learned_ones():
    places = places_from([("Alpha", 0.0, 0.0, "FJ", "")])
    made = [s for s in detectors({"port_visit": {"places": places}}) if s.kind == "port_visit"]
    assert [type(s).__name__ for s in made] == ["PortVisit"]


def test_a_detector_can_be_switched_off():
    assert "circling" not in [s.kind for s in detectors({"circling": {"enabled": False}})]


def test_a_preset_is_where_other_settings_start_from():
    made = detector("port_visit", {"preset": "gfw", "exit_m": 5000.0})
    assert (made.entry_m, made.exit_m) == (3000.0, 5000.0)
    assert presets("port_visit")["gfw"]["stop_kn"] == 0.2


@pytest.mark.parametrize("kind", DETECTORS)
def test_every_preset_is_accepted(kind):
    for name in presets(kind):
        detector(kind, {"preset": name})


@pytest.mark.parametrize(
    ("kind", "given", "words", "help_words"),
    [
        ("zon", {}, "no detector `zon`", "did you mean `zone`"),
        ("zone", {"border": 1}, "no setting `border`", "did you mean `border_m`"),
        ("circling", {"preset": "gfw"}, "no preset `gfw`", "it has none"),
    ],
)
def test_mistakes_are_named(kind, given, words, help_words):
    with pytest.raises(ConfigError, match=words) as error:
        detector(kind, given)
    assert help_words in error.value.help
