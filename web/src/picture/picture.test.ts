import { describe, expect, test } from "vitest";
import type { TrackPoints } from "../api/types";
import { aggregate } from "./aggregate";
import { Picture } from "./store";
import { distanceNm, reach, topSpeed, wayOf } from "./track";
import { within } from "./vessels";

const MIN_US = 60e6;
const rows = (of: [number, number, number, number][]) => ({
  mmsi: of.map((r) => r[0]),
  lon_deg: of.map((r) => r[1]),
  lat_deg: of.map((r) => r[2]),
  time_us: of.map((r) => r[3]),
  speed_kn: of.map(() => null),
  course_deg: of.map(() => 90),
  heading_deg: of.map(() => null),
});

describe("the picture", () => {
  test("keeps the newest position of each vessel; a late one changes nothing", () => {
    const picture = new Picture();
    picture.take(rows([[1, 10, 50, 200], [2, 11, 51, 100]]));
    picture.take(rows([[1, 99, 9, 150], [2, 12, 52, 300]]));
    const { n, place, speed_kn } = picture.data;
    expect(n).toBe(2);
    expect([...place.subarray(0, 4)]).toEqual([10, 50, 12, 52]);
    expect(speed_kn[0]).toBeNaN();
  });

  test("grows past its first size without losing a row", () => {
    const picture = new Picture();
    picture.take(rows(Array.from({ length: 50_000 }, (_, i) => [i + 1, i / 1000, 1, i])));
    expect(picture.data.n).toBe(50_000);
    expect(picture.data.place[2 * 49_999]).toBeCloseTo(49.999);
    expect(picture.rowOf(50_000)).toBe(49_999);
  });

  test("is seen across 180 degrees", () => {
    const picture = new Picture();
    picture.take(rows([[1, 179, 0, 1], [2, -179, 0, 1], [3, 0, 0, 1]]));
    const seen = { west: 170, east: 190, south: -10, north: 10, zoom: 5 };
    expect([...within(picture.data, seen)]).toEqual([0, 1]);
    expect(within(picture.data, { ...seen, west: -190, east: -170 })).toHaveLength(2);
    expect(within(picture.data, { ...seen, west: -180, east: 180 })).toHaveLength(3);
  });
});

test("cells count every vessel once", () => {
  const place = Float64Array.from({ length: 2000 }, (_, i) => ((i * 37) % 340) / 2 - 85);
  const cells = aggregate(place, 1000, 3);
  expect(cells.count.reduce((a, b) => a + b, 0)).toBe(1000);
  expect(cells.n).toBeLessThan(1000);
});

function points(lons: number[], minutes: number[]): TrackPoints {
  return {
    total: lons.length,
    track_id: lons.map(() => "1"),
    time_us: minutes.map((m) => m * MIN_US),
    lat_deg: lons.map(() => 10),
    lon_deg: lons,
    speed_kn: lons.map(() => 10),
    course_deg: lons.map(() => 90),
    observation_id: lons.map(String),
    source: lons.map(() => "a"),
  };
}

describe("a track", () => {
  test("is cut at a silence, and runs on across 180 degrees", () => {
    const way = wayOf(points([179, 179.5, -179.5, -178], [0, 10, 20, 300]));
    expect(way.heard.map((l) => l.map((p) => p[0]))).toEqual([[179, 179.5, 180.5], [182]]);
    expect(way.gaps).toHaveLength(1);
    expect(way.gaps[0]?.from[0]).toBe(180.5);
  });

  test("reaches what the speed allows: both ends are within, and no further round is", () => {
    const gap = { from: [0, 0] as [number, number], to: [1, 0] as [number, number], start_us: 0, end_us: 3600e6 * 10 };
    const ring = reach(gap, 10);
    for (const corner of ring) {
      expect(distanceNm(gap.from, corner) + distanceNm(corner, gap.to)).toBeCloseTo(100, 0);
    }
  });

  test("shows the speed it has shown, never less than five knots", () => {
    expect(topSpeed([1, 2, null])).toBe(5);
    expect(topSpeed(Array.from({ length: 100 }, (_, i) => i / 5))).toBeCloseTo(19);
  });
});
