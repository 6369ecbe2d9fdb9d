"""The lead queue as a person sees it: ranked, within the budget, with what people said of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app.api.lists import number, text_id
from fairlead.app.api.picture import View
from fairlead.app.summary import PROBABILITY_MIN
from fairlead.review.decisions import handled_words, standing
from fairlead.schema.decisions import Decision
from fairlead.schema.tables import EVENTS, LEADS

STATES = ("open", "approved", "rejected", "need_more", "snoozed", "silenced")


class Board:
    """Every lead that may be seen, as items in order of rank; `cut` says what the budget left."""

    def __init__(
        self, view: View, words: Sequence[Decision], *, at_most: int, watch_h: int, now_us: int
    ) -> None:
        from fairlead.leads.queue import at_most as within
        from fairlead.leads.queue import rank, silence

        leads = view.table(LEADS)
        by_lead: dict[str, list[Decision]] = {}
        for word in words:
            by_lead.setdefault(word.lead_id, []).append(word)
        _, silent = silence(leads, handled_words(words))
        silenced = set(silent["lead_id"].to_pylist())
        self.items = [
            _item(view, row, n, by_lead.get(row["lead_id"], ()), silenced, now_us)
            for n, row in enumerate(leads.to_pylist())
        ]
        by_id = {item["lead_id"]: item for item in self.items}
        states = {i: item["state"] for i, item in by_id.items()}
        is_open = [states[i] == "open" for i in leads["lead_id"].to_pylist()]
        heard = leads.filter(pa.array(is_open, pa.bool_()))
        likely = heard.filter(pc.greater_equal(heard["probability"], PROBABILITY_MIN))
        shown, cut = within(likely, at_most, watch_h * 3600)
        for place, lead_id in enumerate(shown["lead_id"].to_pylist(), 1):
            by_id[lead_id]["rank"] = place
        order = {i: n for n, i in enumerate(rank(leads)["lead_id"].to_pylist())}
        self.items.sort(key=lambda item: (order.get(item["lead_id"], len(order)), item["lead_id"]))
        self.by_id = by_id
        self.cut = {
            "n": cut["n"],
            "best_probability": cut["best_probability"],
            "n_below": heard.num_rows - likely.num_rows,
            "probability_min": PROBABILITY_MIN,
            "n_silenced": sum(state == "silenced" for state in states.values()),
            "n_absorbed": cut["n_absorbed"],
        }


def _item(
    view: View,
    row: dict[str, Any],
    place: int,
    words: Sequence[Decision],
    silenced: set[str],
    now_us: int,
) -> dict[str, Any]:
    stands = standing(row, words, now_us)
    state = stands.state
    if state == "open" and row["lead_id"] in silenced:
        state = "silenced"
    return {
        "lead_id": row["lead_id"],
        "mmsi": row["mmsi"],
        "track_id": text_id(row["track_id"]),
        "name": view.names.get(row["mmsi"]),
        "title": row["title"],
        "probability": row["probability"],
        "log_odds": row["log_odds"],
        "start_us": row["start_us"],
        "end_us": row["end_us"],
        "time_us": row["time_us"],
        "lat_deg": number(row["lat_deg"]),
        "lon_deg": number(row["lon_deg"]),
        "kinds": _kinds(view, row),
        "state": state,
        "digest": row["digest"],
        "scorer": row["scorer"],
        "rank": None,
        "markings": view.markings(LEADS, place),
        "changed_since_decision": stands.changed and state != "silenced",
    }


def _kinds(view: View, row: dict[str, Any]) -> list[str]:
    places = view.row_of[EVENTS.name]
    kinds = view.kept.get(("kinds",))
    if kinds is None:
        kinds = view.kept["kinds",] = view.table(EVENTS)["kind"].to_pylist()
    found = [kinds[places[i]] for i in row["events"] if i in places]
    return list(dict.fromkeys([*found, *(["listed"] if row["links"] else [])]))


def board_of(call_view: View, service: Any, at_most: int | None, now_us: int) -> Board:
    """The board of a view, kept while neither the picture nor anyone's word changes."""
    words, n_words = service.decisions_made()
    most = service.settings.at_most if at_most is None else at_most
    ends = [w.snooze_until_us for w in words if w.snooze_until_us and w.snooze_until_us <= now_us]
    key = ("board", most, n_words, len(ends))
    board = call_view.kept.get(key)
    if board is None:
        board = Board(
            call_view, words, at_most=most, watch_h=service.settings.watch_h, now_us=now_us
        )
        for old in [k for k in call_view.kept if k[0] == "board" and k[2] != n_words]:
            call_view.kept.pop(old, None)
        call_view.kept[key] = board
    return board
