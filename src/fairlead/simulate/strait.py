"""The Hallow Strait: invented ports and traffic in the waters of the western approaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, radians, sin
from typing import Any

import numpy as np

from fairlead.geo.sphere import M_S_PER_KN, tangent_m
from fairlead.simulate.chance import generator
from fairlead.simulate.clock import START_HOUR
from fairlead.simulate.fleet import (
    AID,
    AIRCRAFT,
    BASE,
    CLASS_A,
    CLASS_B,
    Hull,
    Identity,
    Registry,
)
from fairlead.simulate.passage import Passage
from fairlead.simulate.reception import Receiver
from fairlead.simulate.truth import Happening

CENTRE_DEG = (49.5, -6.5)
CARGO, TANKER, FERRY, FISHER, PILOT, TUG, SAILER = 70, 80, 60, 30, 50, 52, 36
EAST_PORTS = ("ROTTERDAM", "ANTWERP", "HAMBURG", "LE HAVRE", "FELIXSTOWE", "IMMINGHAM")
WEST_PORTS = ("NEW YORK", "HALIFAX", "SANTOS", "HOUSTON", "MONTREAL", "PHILADELPHIA")


def at(lat_deg: float, lon_deg: float) -> tuple[float, float]:
    """Scene metres of a place."""
    return tangent_m(*CENTRE_DEG, lat_deg, lon_deg)


PORTS_DEG = (
    ("Portmellin", 50.134, -5.040, "GBR"),
    ("Portmellin roads", 50.105, -5.040, "GBR"),
    ("Hallow Quay", 49.916, -6.316, "GBR"),
    ("Kerran", 48.728, -3.965, "FRA"),
)
"""Name, latitude, longitude, country: what a user's list of ports would hold."""
PORTMELLIN, ANCHORAGE, HALLOW_QUAY, KERRAN = (at(lat, lon) for _, lat, lon, _ in PORTS_DEG)
FERRY_WAY = [at(50.115, -5.015), at(49.99, -5.02), at(49.92, -5.20), at(49.905, -6.26)]
KERRAN_WAY = [at(50.115, -5.01), at(49.85, -4.90), at(48.90, -4.10)]
EASTBOUND = [at(48.74, -8.70), at(49.14, -6.5), at(49.47, -4.45)]
WESTBOUND = [at(49.62, -4.45), at(49.30, -6.5), at(48.94, -8.70)]
WEST_OFF, EAST_OFF = at(48.62, -10.0), at(49.75, -3.2)
"""Where ships are out of everybody's range: they fade, they do not vanish."""
PILOT_PLACE = at(50.045, -4.97)
GROUNDS = (at(49.78, -7.75), at(48.93, -6.25))
OUT_OF_HALLOW = [at(49.905, -6.262), at(49.865, -6.30)]
GROUNDS_WAY = (
    [*OUT_OF_HALLOW, at(49.86, -6.50), at(49.88, -7.10)],
    [*OUT_OF_HALLOW, at(49.80, -6.30), at(49.20, -6.30)],
)
QUIET = at(49.52, -7.18)
RESERVE_DEG = ((49.60, -7.02), (49.60, -6.74), (49.73, -6.74), (49.73, -7.02))
RECEIVERS = (
    Receiver("portmel1", *at(50.07, -5.68), range_nm=46.0, skew_s=0.0, grouped=True),
    Receiver("hallow2", *at(49.93, -6.30), range_nm=44.0, skew_s=1.6),
    Receiver("lizmoor3", *at(49.97, -5.20), range_nm=45.0, skew_s=-2.3, delay_s=0.3),
    Receiver("drill4", *at(49.40, -7.30), range_nm=48.0, skew_s=0.4, best=0.9, delay_s=0.7),
    Receiver("sat5", *at(49.5, -6.5), 1500.0, best=0.5, skew_s=0.6, delay_s=30.0, satellite=True),
)


@dataclass(slots=True)
class Scene:
    """A sea in the making: its hulls, what happens, and the hours it lasts."""

    seed: int
    until_s: float
    registry: Registry
    hulls: list[Hull] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    receivers: tuple[Receiver, ...] = RECEIVERS

    def rng(self) -> np.random.Generator:
        """Choices of the next hull: adding a hull does not change the others."""
        return generator(self.seed, 1, len(self.hulls))

    def add(
        self, role: str, station: int, passage: Passage, identity: Identity, **more: Any
    ) -> Hull:
        claims = more.pop("claims", None) or [(0.0, identity)]
        hull = Hull(len(self.hulls) + 1, role, station, passage, claims, **more)
        self.hulls.append(hull)
        return hull

    def tell(
        self,
        kind: str,
        case: str,
        hull: Hull,
        start_s: float,
        end_s: float | None,
        detail: str,
        grade: str = "planted",
        other: Hull | None = None,
        **more: Any,
    ) -> None:
        """Writes down what truly happens; what starts after the scenario's end does not."""
        if start_s >= self.until_s:
            return
        self.happenings.append(
            Happening(
                kind=kind,
                grade=grade,
                case=case,
                mmsi=int(more.get("mmsi", hull.identity_at(start_s).mmsi)),
                hull_id=hull.hull_id,
                start_s=start_s,
                end_s=end_s,
                place_m=None,
                detail=detail,
                other_mmsi=more.get("other_mmsi", other and other.identity_at(start_s).mmsi),
                other_hull_id=other.hull_id if other else None,
            )
        )


def honest_traffic(scene: Scene) -> None:
    """All that goes on in the strait on a day on which nobody does anything wrong."""
    _ferries(scene)
    _lanes(scene)
    _fishing_fleet(scene)
    _anchorage(scene)
    _callers(scene)
    _yachts(scene)
    _workboats(scene)
    _stations(scene)
    if scene.seed % 2 == 0:
        _rescue_flight(scene)


def _ferries(scene: Scene) -> None:
    for k, start_h in enumerate((0.2, 2.9)):
        rng = scene.rng()
        passage = Passage(rng, start_h * 3600.0 - 3600.0, *(PORTMELLIN, HALLOW_QUAY)[k])
        outward = k == 0
        while passage.now_s < scene.until_s:
            passage.wait(0.7 + float(rng.uniform(0, 0.2)))
            way = FERRY_WAY if outward else FERRY_WAY[::-1]
            passage.follow(way, 17.0).follow([HALLOW_QUAY if outward else PORTMELLIN], 9.0)
            outward = not outward
            hour = (passage.now_s / 3600.0 + START_HOUR) % 24
            if hour > 21.5 or hour < 5.0:
                passage.wait((30.2 - hour) % 24)
        ship = scene.registry.ship(FERRY, 96, "GB", draught_m=4.1)
        scene.add("ferry", CLASS_A, passage, ship.but(destination=f"PORTMELLIN HALLOW {k}"))
    rng = scene.rng()
    passage = Passage(rng, -7200.0, *PORTMELLIN)
    outward = True
    while passage.now_s < scene.until_s:
        passage.wait(2.5)
        passage.follow(KERRAN_WAY if outward else KERRAN_WAY[::-1], 19.0)
        passage.follow([KERRAN if outward else PORTMELLIN], 8.0)
        outward = not outward
    ship = scene.registry.ship(FERRY, 168, "FR", draught_m=6.2, destination="PORTMELLIN KERRAN")
    scene.add("ferry", CLASS_A, passage, ship)


def lane_ship(
    scene: Scene, rng: np.random.Generator, eastward: bool, start_s: float, speed_kn: float
) -> tuple[Passage, Identity]:
    """A ship half way down the lane; it is at the lane's beginning at `start_s` (`marked_s`)."""
    lane = EASTBOUND if eastward else WESTBOUND
    aside_m = float(rng.normal(0.0, 1400.0))
    tanker = bool(rng.random() < 0.4)
    length_m = int(rng.integers(95, 340))
    ports = EAST_PORTS if eastward else WEST_PORTS
    ship = scene.registry.ship((TANKER if tanker else CARGO) + int(rng.integers(0, 5)), length_m)
    ship = ship.but(
        destination=ports[rng.integers(len(ports))],
        eta=(10, int(rng.integers(16, 29)), int(rng.integers(0, 24)), 0),
    )
    off = WEST_OFF if eastward else EAST_OFF
    away_m = float(np.hypot(lane[0][0] - off[0], lane[0][1] + aside_m - off[1]))
    passage = Passage(rng, start_s - away_m / (speed_kn * M_S_PER_KN), *off)
    passage.sail(lane[0][0], lane[0][1] + aside_m, speed_kn)
    passage.marked_s = passage.now_s
    passage.sail(lane[1][0], lane[1][1] + aside_m, speed_kn)
    return passage, ship


def finish_lane(passage: Passage, eastward: bool, speed_kn: float) -> None:
    x_m, y_m = (EASTBOUND if eastward else WESTBOUND)[-1]
    passage.sail(x_m, y_m + float(passage.rng.normal(0.0, 1200.0)), speed_kn)
    passage.sail(*(EAST_OFF if eastward else WEST_OFF), speed_kn)


def _lanes(scene: Scene) -> None:
    for eastward in (True, False):
        clock = generator(scene.seed, 2, int(eastward))
        start_s = -13.0 * 3600.0
        while start_s < scene.until_s - 3600.0:
            rng = scene.rng()
            speed_kn = float(rng.uniform(10.5, 17.5))
            passage, ship = lane_ship(scene, rng, eastward, start_s, speed_kn)
            finish_lane(passage, eastward, speed_kn)
            if passage.now_s > 3600.0:
                scene.add("lane", CLASS_A, passage, ship)
            start_s += float(clock.exponential(3600.0)) + 900.0


def go_fishing(
    passage: Passage, ground: int, hours: float, speed_kn: float, rng: np.random.Generator
) -> Passage:
    """From the quay to the ground, and to work there."""
    centre = GROUNDS[ground]
    spot = centre[0] + float(rng.normal(0, 3000.0)), centre[1] + float(rng.normal(0, 3000.0))
    passage.follow([*GROUNDS_WAY[ground], spot], 8.8)
    return passage.fish(hours, speed_kn, centre)


def fisher(scene: Scene, rng: np.random.Generator, length_m: int = 24) -> Identity:
    flag = ("GB", "FR", "GB", "NL")[rng.integers(4)]
    return scene.registry.ship(FISHER, length_m, flag, draught_m=3.4, destination="FISHING")


def _fishing_fleet(scene: Scene) -> None:
    for k in range(12):
        rng = scene.rng()
        speed_kn = float(rng.uniform(2.9, 3.8))
        passage = Passage(rng, float(rng.uniform(-10, 2)) * 3600.0, *_berth(HALLOW_QUAY, k))
        passage.wait(0.5)
        go_fishing(passage, k % 2, float(rng.uniform(18, 30)), speed_kn, rng)
        passage.follow([*GROUNDS_WAY[k % 2][::-1], _berth(HALLOW_QUAY, k)], 9.0)
        passage.wait_until(scene.until_s + 600.0)
        scene.add("fisher", CLASS_A if k < 8 else CLASS_B, passage, fisher(scene, rng))
    trawlers = []
    for k in range(2):
        rng = generator(scene.seed, 3)
        passage = Passage(rng, 3600.0, HALLOW_QUAY[0] + 60.0, HALLOW_QUAY[1] - 90.0 - 60.0 * k)
        passage.wait(1.0).follow(
            [*OUT_OF_HALLOW, at(49.86, -6.45), (GROUNDS[0][0] + 250.0 * k, GROUNDS[0][1])], 8.5
        )
        passage.status(7).sail(GROUNDS[0][0] + 250.0 * k - 14000.0, GROUNDS[0][1] + 5000.0, 2.8)
        passage.sail(GROUNDS[0][0] + 250.0 * k, GROUNDS[0][1] + 9000.0, 2.8)
        passage.status(0).follow(
            [at(49.87, -6.6), *OUT_OF_HALLOW[::-1], (HALLOW_QUAY[0] + 60.0, HALLOW_QUAY[1] - 90.0)],
            8.5,
        )
        passage.wait_until(scene.until_s + 600.0)
        trawlers.append(scene.add("pair_trawler", CLASS_A, passage, fisher(scene, rng, 30)))
    scene.tell(
        "encounter", "pair_trawl", trawlers[0], 5.0 * 3600, 14.0 * 3600,
        "two hulls tow one net at 2.8 kn", "innocent", trawlers[1],
    )  # fmt: skip


def _berth(port: tuple[float, float], k: int) -> tuple[float, float]:
    return port[0] + 35.0 * (k % 5), port[1] - 45.0 * (k // 5)


def _anchorage(scene: Scene) -> None:
    for k in range(6):
        rng = scene.rng()
        x_m = ANCHORAGE[0] + 900.0 * (k % 3) - 900.0
        y_m = ANCHORAGE[1] - 950.0 * (k // 3)
        passage = Passage(rng, -3600.0, x_m, y_m)
        if k < 3:
            passage.swing(scene.until_s / 3600.0 + 2.0)
        else:
            passage.swing(float(rng.uniform(6, 20)))
            passage.follow([at(50.115, -5.025), _berth(PORTMELLIN, k)], 6.0)
            passage.wait_until(scene.until_s + 600.0)
        ship = scene.registry.ship(CARGO + k % 4, 90 + 18 * k, destination="PORTMELLIN")
        hull = scene.add("berth_waiter", CLASS_A, passage, ship)
        scene.tell(
            "loitering", "berth_waiting", hull, 0.0, None, "waits at anchor for a berth", "innocent"
        )


def _callers(scene: Scene) -> None:
    """Ships for Portmellin: pilot at the boarding place, then the berth; the pilot boat itself."""
    boat_rng = generator(scene.seed, 4)
    pilot = Passage(boat_rng, -600.0, PORTMELLIN[0] - 80.0, PORTMELLIN[1] + 20.0)
    for k in range(max(1, int(scene.until_s / 3600.0 / 9.0))):
        rng = scene.rng()
        meets_s = (3.0 + 9.0 * k + float(rng.uniform(0, 2))) * 3600.0
        place = PILOT_PLACE
        away = at(49.70, -4.90)
        start_s = meets_s - np.hypot(away[0] - place[0], away[1] - place[1]) / (12.0 * M_S_PER_KN)
        passage = Passage(rng, start_s, *away)
        passage.sail(*place, 12.0).sail(*at(50.063, -4.985), 5.0)
        passage.follow([at(50.11, -5.01), _berth(PORTMELLIN, k)], 8.0)
        berthed_s = passage.now_s
        passage.wait(float(rng.uniform(4, 8)))
        left_s = passage.now_s
        passage.follow([at(50.11, -5.005), at(50.0, -4.92), at(49.60, -4.60), EAST_OFF], 11.5)
        hull = scene.add(
            "caller", CLASS_A, passage, scene.registry.ship(CARGO, 130, destination="PORTMELLIN")
        )
        scene.tell(
            "port_visit", "caller", hull, berthed_s, left_s, "cargo ship calls at Portmellin"
        )
        pilot.wait_until(meets_s - 4500.0)
        pilot.follow([at(50.115, -5.02), (place[0] + 150.0, place[1] + 150.0)], 14.0)
        pilot.loiter(max(0.2, (meets_s - pilot.now_s) / 3600.0 - 0.1), 1.4, 250.0)
        pilot.sail(*at(50.0635, -4.986), 5.0)
        pilot.follow([at(50.115, -5.02), (PORTMELLIN[0] - 80.0, PORTMELLIN[1] + 20.0)], 15.0)
    pilot.wait_until(scene.until_s + 600.0)
    boat = scene.registry.ship(PILOT, 16, "GB", draught_m=1.4, destination="PILOT")
    hull = scene.add("pilot_boat", CLASS_A, pilot, boat)
    scene.tell(
        "encounter", "pilot_boarding", hull, 0.0, None, "a pilot boat goes alongside", "innocent"
    )


def _yachts(scene: Scene) -> None:
    for k in range(8):
        rng = scene.rng()
        home = (PORTMELLIN, HALLOW_QUAY)[k % 2]
        passage = Passage(rng, -1800.0, home[0] - 60.0 - 22.0 * k, home[1] - 30.0)
        while passage.now_s < scene.until_s:
            passage.wait(float(rng.uniform(2, 14)))
            sea = (at(50.09, -5.0), at(49.88, -6.20))[k % 2]
            away = float(rng.uniform(1.7, 3.1)) + 1.4 * (k % 2)
            far_m = float(rng.uniform(9_000, 22_000))
            mark = sea[0] + far_m * sin(away), sea[1] + far_m * cos(away)
            passage.status(8).follow([sea, mark, sea], float(rng.uniform(4.2, 6.2)))
            passage.follow([(home[0] - 60.0 - 22.0 * k, home[1] - 30.0)], 4.0)
        yacht = scene.registry.ship(SAILER, 12, "GB" if k % 2 else "FR", draught_m=0.0)
        scene.add("yacht", CLASS_B, passage, yacht)


def _workboats(scene: Scene) -> None:
    """A tug with a tow: two hulls close together for hours, but under way at 5 knots."""
    rng_of_both = [generator(scene.seed, 5), generator(scene.seed, 5)]
    start_s = 4.0 * 3600.0
    tow = None
    for k, rng in enumerate(rng_of_both):
        behind_m = 320.0 * k
        passage = Passage(rng, start_s, at(49.83, -5.0)[0] + behind_m, at(49.83, -5.0)[1])
        passage.sail(at(49.70, -6.0)[0] + behind_m, at(49.70, -6.0)[1], 5.0)
        passage.sail(at(49.40, -6.75)[0] + behind_m, at(49.40, -6.75)[1], 5.0)
        passage.sail(WEST_OFF[0] + behind_m, WEST_OFF[1], 5.0)
        ship = scene.registry.ship(TUG if k == 0 else CARGO, 32 if k == 0 else 80, "NL")
        hull = scene.add("tug", CLASS_A, passage, ship.but(destination="TOWAGE"))
        if tow:
            scene.tell(
                "encounter", "tow", tow, start_s, passage.now_s, "tug and tow", "innocent", hull
            )
        tow = hull


def _stations(scene: Scene) -> None:
    fixed = [(BASE, at(50.07, -5.68), 2320101, ""), (BASE, at(49.93, -6.30), 2320102, "")]
    marks = (
        (50.02, -5.74, "RUNDLE ROCK W"),
        (49.88, -6.20, "SPARROW BANK"),
        (49.40, -7.30, "DRILL FOUR"),
        (50.115, -4.99, "MELLIN FAIRWAY"),
        (49.22, -6.50, "HALLOW MID LANE"),
    )
    fixed += [(AID, at(a, b), 992320100 + k, n) for k, (a, b, n) in enumerate(marks)]
    for station, place, mmsi, name in fixed:
        passage = Passage(scene.rng(), 0.0, *place)
        passage.wait(scene.until_s / 3600.0 + 1.0)
        aid = Identity(mmsi=mmsi, name=name, aid_type=14 if station == AID else 0)
        scene.add("station", station, passage, aid)


def _rescue_flight(scene: Scene) -> None:
    passage = Passage(scene.rng(), 3.0 * 3600.0, *PORTMELLIN)
    passage.sail(*at(49.80, -6.0), 110.0)
    for k in range(6):
        passage.sail(*at(49.80 - 0.03 * k, -6.0 - 0.35 * (k % 2)), 85.0, 5.0)
    passage.sail(*PORTMELLIN, 115.0)
    scene.add("aircraft", AIRCRAFT, passage, Identity(mmsi=111232501, name="RESCUE ONE NINE"))


def zone_ring_deg() -> list[list[float]]:
    ring = [[lon, lat] for lat, lon in RESERVE_DEG]
    return [*ring, ring[0]]


def offset(place: tuple[float, float], toward_deg: float, away_m: float) -> tuple[float, float]:
    toward = radians(toward_deg)
    return place[0] + away_m * sin(toward), place[1] + away_m * cos(toward)
