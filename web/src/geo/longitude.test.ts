import { describe, expect, test } from "vitest";
import { boundsOf, cutLine, nearest, type Position, polygonOf, unwrapLine, wrap } from "./longitude";

describe("longitudes", () => {
  test.each([
    [190, -170],
    [-190, 170],
    [180, -180],
    [540, -180],
    [0, 0],
  ])("wrap %d gives %d", (lon, expected) => {
    expect(wrap(lon)).toBe(expected);
  });

  test("the nearest copy is at most half a turn away", () => {
    expect(nearest(-179, 179)).toBe(181);
    expect(nearest(179, -179)).toBe(-181);
    expect(nearest(10, 20)).toBe(10);
  });
});

describe("a line across 180 degrees", () => {
  const line: Position[] = [
    [179, 10],
    [-179, 12],
    [-177, 14],
  ];
  test("has no jump when unwrapped", () => {
    expect(unwrapLine(line)).toEqual([
      [179, 10],
      [181, 12],
      [183, 14],
    ]);
  });

  test("is cut in two at the meridian, at the latitude of the crossing", () => {
    expect(cutLine(line)).toEqual([
      [
        [179, 10],
        [180, 11],
      ],
      [
        [-180, 11],
        [-179, 12],
        [-177, 14],
      ],
    ]);
  });

  test("is cut the other way too, and as often as it crosses", () => {
    const there: Position[] = [
      [-179, 0],
      [179, 0],
      [-179, 0],
    ];
    expect(cutLine(there)).toHaveLength(3);
    for (const part of cutLine(there)) {
      for (const [i, [lon]] of part.entries()) {
        expect(Math.abs(lon - (part[i - 1]?.[0] ?? lon))).toBeLessThanOrEqual(180);
      }
    }
  });

  test("has bounds of its own width, not of the world's", () => {
    expect(boundsOf(line)).toEqual([179, 10, 183, 14]);
    expect(boundsOf([])).toBeNull();
  });
});

describe("a drawn polygon", () => {
  const area = (ring: number[][]) =>
    ring.slice(1).reduce((sum, [x = 0, y = 0], i) => {
      const [px = 0, py = 0] = ring[i] ?? [];
      return sum + px * y - x * py;
    }, 0) / 2;

  test("away from 180 degrees is one closed ring, counter-clockwise", () => {
    const drawn = polygonOf([
      [0, 0],
      [0, 2],
      [2, 2],
      [2, 0],
    ]);
    expect(drawn.type).toBe("Polygon");
    const ring = drawn.coordinates[0] as number[][];
    expect(ring[0]).toEqual(ring.at(-1));
    expect(area(ring)).toBe(4);
  });

  test("across 180 degrees is two polygons of the same area within -180 to 180", () => {
    const drawn = polygonOf([
      [178, 0],
      [-178, 0],
      [-178, 2],
      [178, 2],
    ]);
    expect(drawn.type).toBe("MultiPolygon");
    const rings = (drawn.coordinates as number[][][][]).map((p) => p[0] ?? []);
    expect(rings.map(area)).toEqual([4, 4]);
    for (const [lon = 0] of rings.flat()) expect(Math.abs(lon)).toBeLessThanOrEqual(180);
  });

  test("drawn on a copy of the world lands on the world", () => {
    const drawn = polygonOf([
      [361, 0],
      [363, 0],
      [362, 1],
    ]);
    expect(drawn.type).toBe("Polygon");
    expect(boundsOf(drawn.coordinates[0] as Position[])).toEqual([1, 0, 3, 1]);
  });
});
