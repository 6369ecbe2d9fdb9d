"""Behaviours planted in the strait, every event kind at least once per seed."""

from __future__ import annotations

from math import hypot

from fairlead.geo.sphere import M_S_PER_KN
from fairlead.simulate.chance import generator
from fairlead.simulate.fleet import CLASS_A, Hull, Identity
from fairlead.simulate.passage import NOT_UNDER_COMMAND, Passage
from fairlead.simulate.strait import (
    CARGO,
    EAST_OFF,
    EASTBOUND,
    GROUNDS,
    HALLOW_QUAY,
    OUT_OF_HALLOW,
    QUIET,
    TANKER,
    WEST_OFF,
    Scene,
    at,
    finish_lane,
    fisher,
    go_fishing,
    lane_ship,
    offset,
)

HOUR_S = 3600.0


def plant(scene: Scene) -> None:
    """Adds the hulls that do what a watch looks for."""
    _hero(scene)
    _encounters(scene)
    _dark_fishers(scene)
    _dark_cargo(scene)
    _loiterers(scene)
    _drifters(scene)
    _zone_fishers(scene)
    _speed_changes(scene)
    _position_lies(scene)
    _speed_lies(scene)
    _new_names(scene)
    _new_mmsi(scene)
    _conflicts(scene)
    _wrong_way(scene)


def meet(
    scene: Scene, first: Passage, second: Passage, hours: float, apart_m: float, toward_deg: float
) -> tuple[float, float]:
    """Both drift together from when the later one arrives; returns start and end in seconds.

    `second` must stand near `first`; it closes to `apart_m` at 4 knots.
    """
    first_arrived_s = first.now_s
    beside = offset((first.x_m, first.y_m), toward_deg + 90.0, apart_m)
    away_m = hypot(beside[0] - second.x_m, beside[1] - second.y_m)
    second.sail(*beside, max(4.0, away_m / HOUR_S / M_S_PER_KN), 1.0)
    start_s = max(first_arrived_s, second.now_s)
    for passage in (first, second):
        passage.wait_until(start_s, 0)
    first.drift(hours, float(scene.rng().uniform(0.5, 0.9)), toward_deg)
    second.carried_along(first, start_s, second.x_m, second.y_m)
    return start_s, first.now_s


def tell_meeting(
    scene: Scene, case: str, one: Hull, other: Hull, span: tuple[float, float]
) -> None:
    scene.tell(
        "encounter", case, one, *span, "two hulls drift together at night, far from port",
        other=other,
    )  # fmt: skip
    for hull in (one, other):
        scene.tell("loitering", "in_encounter", hull, *span, "lies with another hull", "incidental")
        scene.tell("drifting", "in_encounter", hull, *span, "engine stopped", "incidental")


def _hero(scene: Scene) -> None:
    """The listed tanker: dark, met at night, lighter, and back under another name."""
    rng = scene.rng()
    ship = scene.registry.ship(TANKER, 243, "CM", draught_m=14.9, destination="ROTTERDAM")
    passage = Passage(rng, -1.2 * HOUR_S, *at(48.86, -8.30))
    passage.follow([at(49.05, -7.75), at(49.30, -7.40)], 12.2)
    dark_s = passage.now_s + 600.0
    passage.sail(*QUIET, 9.0)
    night_s = (9.6 + float(rng.uniform(0.0, 1.2))) * HOUR_S
    passage.loiter((night_s - passage.now_s) / HOUR_S - 0.6, 2.4, 300.0)
    passage.sail(*QUIET, 6.0)
    partner_rng = generator(scene.seed, 6)
    receiver = scene.registry.ship(TANKER, 183, "TG", draught_m=7.4, destination="FOR ORDERS")
    mate = Passage(partner_rng, passage.now_s - 5.2 * HOUR_S, *at(48.80, -8.20))
    mate.follow([at(49.25, -7.60), offset(QUIET, 200.0, 2500.0)], 10.5)
    span = meet(scene, passage, mate, float(rng.uniform(3.8, 4.6)), 150.0, 75.0)
    off_again_s = passage.now_s + 900.0
    passage.sail(*offset(QUIET, 330.0, 9000.0), 7.0).loiter(7.6, 3.0, 20.0)
    passage.sail(*offset(QUIET, 250.0, 7000.0), 8.0)
    back_s = passage.now_s - 600.0
    passage.follow([at(49.10, -8.0), at(48.92, -8.6), WEST_OFF], 12.6)
    lighter = ship.but(
        name=scene.registry.name(), callsign=scene.registry.callsign(ship.mmsi), draught_m=8.3,
        destination="SANTOS",
    )  # fmt: skip
    hull = scene.add(
        "hero", CLASS_A, passage, ship, claims=[(0.0, ship), (back_s - 60.0, lighter)],
        silent_s=[(dark_s, span[0] - 900.0), (off_again_s, back_s)],
    )  # fmt: skip
    partner = _partner(scene, mate, receiver, span)
    scene.tell("gap", "hero_first", hull, dark_s, span[0] - 900.0, "goes dark near a quiet area")
    tell_meeting(scene, "hero_meeting", hull, partner, span)
    scene.tell("gap", "hero_second", hull, off_again_s, back_s, "dark again after the meeting")
    _tell_renaming(scene, hull, back_s, "comes back under another name")
    scene.tell(
        "draught_change",
        "hero",
        hull,
        off_again_s,
        back_s,
        "14.9 m before, 8.3 m after the silence",
    )


def _partner(scene: Scene, mate: Passage, receiver: Identity, span: tuple[float, float]) -> Hull:
    mate.follow([at(49.10, -8.0), at(48.85, -8.6), WEST_OFF], 11.0)
    deeper = receiver.but(draught_m=11.6)
    claims = [(0.0, receiver), (span[1] + 1800.0, deeper)]
    hull = scene.add("partner", CLASS_A, mate, receiver, claims=claims)
    scene.tell(
        "draught_change", "partner", hull, *span, "7.4 m before, 11.6 m after", grade="incidental"
    )
    return hull


def _tell_renaming(scene: Scene, hull: Hull, since_s: float, detail: str) -> None:
    scene.tell("identity_change", "name", hull, since_s, since_s + 1.0, detail)


def _encounters(scene: Scene) -> None:
    """A fisher hands over to a reefer; two tankers meet further south."""
    rng = scene.rng()
    start_s = (8.5 + float(rng.uniform(0, 1.5))) * HOUR_S
    place = offset(GROUNDS[0], float(rng.uniform(60, 120)), 13_000.0)
    catch = Passage(rng, -9.0 * HOUR_S, HALLOW_QUAY[0] + 10.0, HALLOW_QUAY[1] + 60.0)
    go_fishing(catch, 0, 9.0, 3.2, rng)
    catch.sail(*place, max(3.0, _needed_kn(catch, place, start_s)))
    reefer = Passage(generator(scene.seed, 7), start_s - 4.5 * HOUR_S, *at(48.98, -8.45))
    reefer.follow([at(49.45, -7.9), offset(place, 190.0, 2000.0)], 11.0)
    span = meet(scene, catch, reefer, float(rng.uniform(2.8, 3.8)), 90.0, 110.0)
    go_home = [
        at(49.87, -6.6),
        *OUT_OF_HALLOW[::-1],
        (HALLOW_QUAY[0] + 10.0, HALLOW_QUAY[1] + 60.0),
    ]
    catch.follow(go_home, 8.8).wait_until(scene.until_s + 600.0)
    reefer.follow([at(49.3, -7.9), at(48.96, -8.6), WEST_OFF], 13.0)
    one = scene.add("meets", CLASS_A, catch, fisher(scene, rng, 34))
    carrier = scene.registry.ship(CARGO, 118, "PA", destination="FOR ORDERS", draught_m=6.0)
    tell_meeting(scene, "fisher_reefer", one, scene.add("meets", CLASS_A, reefer, carrier), span)

    rng = scene.rng()
    start_s = (11.5 + float(rng.uniform(0, 1.5))) * HOUR_S
    place = at(49.42, -6.95)
    tanker = Passage(rng, start_s - 7.0 * HOUR_S, *at(48.84, -8.45))
    tanker.follow([at(49.20, -7.45), place], 10.0)
    other = Passage(generator(scene.seed, 8), start_s - 5.5 * HOUR_S, *at(49.52, -5.30))
    other.follow([at(49.52, -6.3), offset(place, 60.0, 2500.0)], 10.0)
    span = meet(scene, tanker, other, float(rng.uniform(3.0, 5.0)), 200.0, 30.0)
    tanker.follow([at(49.52, -6.2), at(49.66, -5.2), EAST_OFF], 11.0)
    other.follow([at(49.20, -7.45), at(48.95, -8.55), WEST_OFF], 11.0)
    ships = [scene.registry.ship(TANKER, 180 + 20 * k, destination="FOR ORDERS") for k in (0, 1)]
    one = scene.add("meets", CLASS_A, tanker, ships[0])
    tell_meeting(scene, "tankers", one, scene.add("meets", CLASS_A, other, ships[1]), span)


def _needed_kn(passage: Passage, place: tuple[float, float], by_s: float) -> float:
    away_m = hypot(place[0] - passage.x_m, place[1] - passage.y_m)
    return away_m / max(1800.0, by_s - passage.now_s) / M_S_PER_KN


def _dark_fishers(scene: Scene) -> None:
    for k in range(3):
        rng = scene.rng()
        passage = Passage(
            rng, float(rng.uniform(-7, -3)) * HOUR_S, *offset(HALLOW_QUAY, 90.0 + k, 150.0)
        )
        passage.wait(0.4)
        go_fishing(passage, k % 2, 34.0, float(rng.uniform(3.0, 3.6)), rng)
        off_s = float(rng.uniform(4.0, 9.0)) * HOUR_S
        on_s = off_s + float(rng.uniform(7.5, 13.0)) * HOUR_S
        hull = scene.add(
            "dark_fisher", CLASS_A, passage, fisher(scene, rng), silent_s=[(off_s, on_s)]
        )
        scene.tell("gap", "fisher", hull, off_s, on_s, "transponder off while the fleet is heard")


def _dark_cargo(scene: Scene) -> None:
    """Leaves the lane, goes dark for a night, and is lighter when heard again."""
    rng = scene.rng()
    ship = scene.registry.ship(CARGO, 176, destination="ANTWERP", draught_m=10.4)
    passage = Passage(rng, float(rng.uniform(-4, 1)) * HOUR_S, *EASTBOUND[0])
    passage.sail(*at(49.02, -7.2), 12.5)
    passage.sail(*at(49.35, -6.9), 10.0)
    off_s = passage.now_s
    passage.loiter(float(rng.uniform(8.0, 11.0)), 3.4, 100.0)
    on_s = passage.now_s
    passage.follow([at(49.2, -6.3), EASTBOUND[-1], EAST_OFF], 12.5)
    hull = scene.add(
        "dark_cargo", CLASS_A, passage, ship, silent_s=[(off_s, on_s)],
        claims=[(0.0, ship), (off_s + 60.0, ship.but(draught_m=6.9))],
    )  # fmt: skip
    scene.tell("gap", "cargo", hull, off_s, on_s, "transponder off south of the quiet area")
    scene.tell("draught_change", "cargo", hull, off_s, on_s, "10.4 m before, 6.9 m after")


def _loiterers(scene: Scene) -> None:
    for k in range(3):
        rng = scene.rng()
        passage = Passage(rng, float(rng.uniform(-6, -3) + 5 * k) * HOUR_S, *EASTBOUND[0])
        place = offset(at(49.50, -7.05), float(rng.uniform(0, 360)), 9000.0)
        passage.sail(*at(49.05, -7.6), 12.0).sail(*place, 11.0)
        since_s = passage.now_s
        passage.loiter(
            float(rng.uniform(5, 9)), float(rng.uniform(0.8, 1.4)), float(rng.uniform(0, 180))
        )
        until_s = passage.now_s
        passage.follow([at(49.53, -6.2), at(49.64, -5.0), EAST_OFF], 12.5)
        ship = scene.registry.ship(CARGO, 132, destination="FOR ORDERS")
        hull = scene.add("loiterer", CLASS_A, passage, ship)
        scene.tell("loitering", "alone", hull, since_s, until_s, "back and forth, far from port")


def _drifters(scene: Scene) -> None:
    for k in range(2):
        rng = scene.rng()
        speed_kn = float(rng.uniform(11, 14))
        passage, ship = lane_ship(scene, rng, k == 0, float(rng.uniform(-4, 9)) * HOUR_S, speed_kn)
        since_s = passage.now_s
        if k == 0:
            passage.status(NOT_UNDER_COMMAND)
        passage.drift(
            float(rng.uniform(3, 5)), float(rng.uniform(1.2, 1.9)), float(rng.uniform(40, 110))
        )
        until_s = passage.now_s
        passage.status(0)
        finish_lane(passage, k == 0, speed_kn)
        hull = scene.add("drifter", CLASS_A, passage, ship)
        scene.tell("drifting", "engine", hull, since_s, until_s, "engine stopped, beam to the wind")
        scene.tell("loitering", "adrift", hull, since_s, until_s, "slow while adrift", "incidental")


def _zone_fishers(scene: Scene) -> None:
    """Fish inside the reserve; `truth_derived` writes down entry and exit by geometry."""
    for _ in range(2):
        rng = scene.rng()
        passage = Passage(
            rng, float(rng.uniform(-1, 6)) * HOUR_S, *offset(HALLOW_QUAY, 200.0, 120.0)
        )
        passage.wait(0.4).follow([*OUT_OF_HALLOW, at(49.86, -6.6), at(49.665, -6.88)], 8.6)
        passage.fish(float(rng.uniform(2.5, 5.0)), 3.1, at(49.665, -6.88))
        passage.follow([at(49.80, -7.2), GROUNDS[0]], 8.6).fish(6.0, 3.2, GROUNDS[0])
        passage.follow(
            [at(49.87, -6.9), *OUT_OF_HALLOW[::-1], offset(HALLOW_QUAY, 200.0, 120.0)], 8.8
        )
        passage.wait_until(scene.until_s + 600.0)
        scene.add("poacher", CLASS_A, passage, fisher(scene, rng, 27))


def _speed_changes(scene: Scene) -> None:
    for k in range(3):
        rng = scene.rng()
        speed_kn = float(rng.uniform(14, 18))
        passage, ship = lane_ship(scene, rng, k % 2 == 0, (-1.0 + 5 * k) * HOUR_S, speed_kn)
        finish_lane(passage, k % 2 == 0, speed_kn)
        since_s = passage.marked_s + float(rng.uniform(4.0, 6.0)) * HOUR_S
        until_s = since_s + float(rng.uniform(0.6, 1.0)) * HOUR_S
        passage.slowed(since_s, until_s, 0.28)
        hull = scene.add("braker", CLASS_A, passage, ship)
        scene.tell("speed_change", "braking", hull, since_s, since_s + 60, "loses most of its way")
        scene.tell("speed_change", "resuming", hull, until_s, until_s + 60, "picks up at once")


def _position_lies(scene: Scene) -> None:
    for k in range(3):
        rng = scene.rng()
        speed_kn = float(rng.uniform(11, 15))
        passage, ship = lane_ship(scene, rng, k % 2 == 1, (-2.0 + 6 * k) * HOUR_S, speed_kn)
        finish_lane(passage, k % 2 == 1, speed_kn)
        since_s = passage.marked_s + float(rng.uniform(4.5, 6.0)) * HOUR_S
        until_s = since_s + float(rng.uniform(0.4, 1.5)) * HOUR_S
        if k == 2:
            centre = at(49.85, -5.6)
            lie = ("circle", since_s, until_s, (centre[0], centre[1], 1.2, 1500.0))
        else:
            lie = ("shift", since_s, until_s, (float(rng.uniform(0.3, 0.6)), 0.5))
        hull = scene.add("liar", CLASS_A, passage, ship, untrue=[lie])
        scene.tell("position_jump", lie[0], hull, since_s, until_s, "reports places it is not at")


def _speed_lies(scene: Scene) -> None:
    """One reports 12 knots while it lies still, one 0.1 knots under way."""
    for k in range(2):
        rng = scene.rng()
        speed_kn = 12.5
        passage, ship = lane_ship(scene, rng, k == 0, float(rng.uniform(-4, 10)) * HOUR_S, speed_kn)
        since_s = passage.now_s
        if k == 0:
            passage.drift(3.0, 0.3, 60.0)
            since_s, until_s, said_kn = since_s + 600.0, passage.now_s - 600.0, 12.0
            finish_lane(passage, True, speed_kn)
        else:
            finish_lane(passage, False, speed_kn)
            since_s, until_s, said_kn = since_s - 2.0 * HOUR_S, since_s + 1.0 * HOUR_S, 0.1
        lie = ("speed", since_s, until_s, (said_kn + 0.1,))
        hull = scene.add("speed_liar", CLASS_A, passage, ship, untrue=[lie])
        detail = f"reports {said_kn} kn, moves otherwise"
        scene.tell("speed_mismatch", ("still", "moving")[k], hull, since_s, until_s, detail)
        untold = ("loitering", "drifting", "speed_change") if k == 0 else ("speed_change",)
        for kind in untold:
            scene.tell(kind, "speed_liar", hull, since_s, until_s, "as reported", "incidental")


def _new_names(scene: Scene) -> None:
    rng = scene.rng()
    passage, ship = lane_ship(scene, rng, False, float(rng.uniform(-4, 9)) * HOUR_S, 12.0)
    finish_lane(passage, False, 12.0)
    change_s = passage.marked_s + 5.5 * HOUR_S
    new = ship.but(name=scene.registry.name(), callsign=scene.registry.callsign(ship.mmsi))
    hull = scene.add("renamed", CLASS_A, passage, ship, claims=[(0.0, ship), (change_s, new)])
    _tell_renaming(scene, hull, change_s, "another name and call sign in mid passage")


def _new_mmsi(scene: Scene) -> None:
    """One hull, silent for two hours, goes on under another flag's MMSI."""
    rng = scene.rng()
    passage, ship = lane_ship(scene, rng, True, float(rng.uniform(-3, 9)) * HOUR_S, 11.5)
    finish_lane(passage, True, 11.5)
    off_s = passage.marked_s + 5.0 * HOUR_S
    on_s = off_s + 1.6 * HOUR_S
    mmsi = scene.registry.mmsi("KM")
    new = ship.but(mmsi=mmsi, name=scene.registry.name(), callsign=scene.registry.callsign(mmsi))
    hull = scene.add(
        "reflagged", CLASS_A, passage, ship, claims=[(0.0, ship), (on_s, new)],
        silent_s=[(off_s, on_s)],
    )  # fmt: skip
    scene.tell(
        "identity_change", "mmsi", hull, off_s, on_s, "one hull, another MMSI", other_mmsi=mmsi
    )
    scene.tell(
        "gap", "reflagged", hull, off_s, None, "the old MMSI is not used again", "incidental"
    )
    scene.tell(
        "identity_conflict", "reflagged", hull, off_s, on_s, "one IMO number on two MMSI",
        "incidental", other_mmsi=mmsi,
    )  # fmt: skip


def _conflicts(scene: Scene) -> None:
    """Two hulls on one MMSI; an IMO number that fails its check; one IMO number on two ships."""
    ships = []
    for k in range(4):
        rng = scene.rng()
        start_s = float(rng.uniform(-1, 8)) * HOUR_S if k != 1 else ships[0][1] + 600.0
        passage, ship = lane_ship(scene, rng, k != 1, start_s, 12.5 + 0.4 * k)
        finish_lane(passage, k != 1, 12.5 + 0.4 * k)
        if k == 1:
            ship = ship.but(mmsi=ships[0][0].identity.mmsi)
        elif k == 2:
            ship = ship.but(imo=ship.imo // 10 * 10 + (ship.imo + 3) % 10)
        elif k == 3:
            ship = ship.but(imo=ships[0][0].identity.imo)
        hull = scene.add("conflict", CLASS_A, passage, ship)
        ships.append((hull, start_s, passage.now_s))
    first, start_s, end_s = ships[0]
    scene.tell(
        "identity_conflict", "shared_mmsi", first, start_s, end_s, "two hulls on one MMSI",
        other=ships[1][0],
    )  # fmt: skip
    scene.tell(
        "identity_change", "shared_mmsi", first, start_s, end_s, "two names by turns", "incidental"
    )
    other, start_s, end_s = ships[1]
    scene.tell(
        "identity_conflict", "callsign", other, start_s, end_s,
        "its own call sign under another ship's MMSI", "incidental",
    )  # fmt: skip
    bad, start_s, end_s = ships[2]
    scene.tell("identity_conflict", "bad_imo", bad, start_s, end_s, "IMO check digit fails")
    twice, start_s, end_s = ships[3]
    scene.tell(
        "identity_conflict", "imo_twice", twice, start_s, end_s, "IMO number of another ship",
        other=first,
    )  # fmt: skip


def _wrong_way(scene: Scene) -> None:
    for k in range(2):
        rng = scene.rng()
        eastward = k == 1
        passage, ship = lane_ship(scene, rng, eastward, float(rng.uniform(-1, 9)) * HOUR_S, 13.0)
        finish_lane(passage, eastward, 13.0)
        ship = ship.but(destination="HALIFAX" if eastward else "ROTTERDAM")
        start_s = passage.marked_s
        hull = scene.add("wrong_way", CLASS_A, passage, ship)
        scene.tell(
            "destination_mismatch", "away", hull, start_s, passage.now_s,
            "sails away from the port it names",
        )  # fmt: skip
