import { expect, test } from "vitest";
import { positionsAt, stretchOf } from "./replay";

const grid = {
  mmsi: [2, 1, 1, 1],
  time_us: [0, 60e6, 0, 900e6],
  lon_deg: [5, -179.5, 179.5, -170],
  lat_deg: [5, 1, 0, 2],
};
const stretch = stretchOf(grid, 0, 1000e6, 60e6);

test("between two rows a vessel is on the line between them, across 180 degrees too", () => {
  const at = positionsAt(stretch, 30e6);
  const row = [...at.mmsi.subarray(0, at.n)].indexOf(1);
  expect(Math.abs(at.place[2 * row] ?? 0)).toBeCloseTo(180);
  expect(at.place[2 * row + 1]).toBeCloseTo(0.5);
});

test("a vessel that was not heard for long is not shown", () => {
  expect([...positionsAt(stretch, 600e6).mmsi.subarray(0, positionsAt(stretch, 600e6).n)]).toEqual([]);
  expect(positionsAt(stretch, 900e6).n).toBe(1);
});

test("before the first row there is nobody", () => {
  expect(positionsAt(stretch, -1).n).toBe(0);
});
