/** Longitudes across 180 degrees. Positions are [lon, lat] in degrees. */
export type Position = [number, number];

/** The longitude in -180 (included) to 180 (left out). */
export function wrap(lon: number): number {
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** The copy of `lon` that is nearest to `reference`: at most half a turn away. */
export function nearest(lon: number, reference: number): number {
  return lon + 360 * Math.round((reference - lon) / 360);
}

/** The same line without jumps of a whole turn: longitudes may leave -180 to 180. */
export function unwrapLine(line: readonly Position[]): Position[] {
  let before = line[0]?.[0] ?? 0;
  return line.map(([lon, lat]) => {
    before = nearest(lon, before);
    return [before, lat];
  });
}

/** The line cut where it crosses 180 degrees, each part within -180 to 180 (RFC 7946, 3.1.9). */
export function cutLine(line: readonly Position[]): Position[][] {
  const parts: Position[][] = [];
  let part: Position[] = [];
  let before: Position | null = null;
  for (const [lon, lat] of line) {
    const here: Position = [wrap(lon), lat];
    if (before && Math.abs(here[0] - before[0]) > 180) {
      const edge = before[0] > 0 ? 180 : -180;
      const far = nearest(here[0], before[0]);
      const share = far === before[0] ? 0 : (edge - before[0]) / (far - before[0]);
      const crossing = before[1] + share * (lat - before[1]);
      part.push([edge, crossing]);
      parts.push(part);
      part = [[-edge, crossing]];
    }
    part.push(here);
    before = here;
  }
  if (part.length) parts.push(part);
  return parts;
}

/** A drawn ring as GeoJSON: closed, counter-clockwise, cut in two where it crosses 180 degrees. */
export function polygonOf(ring: readonly Position[]): GeoJSON.Polygon | GeoJSON.MultiPolygon {
  const line = unwrapLine(ring);
  const west = Math.min(...line.map((p) => p[0]));
  const shift = -360 * Math.floor((west + 180) / 360);
  const moved = line.map(([lon, lat]): Position => [lon + shift, lat]);
  if (Math.max(...moved.map((p) => p[0])) <= 180) return { type: "Polygon", coordinates: [close(moved)] };
  const left = clip(moved, 180, 1);
  const right = clip(moved, 180, -1).map(([lon, lat]): Position => [lon - 360, lat]);
  return { type: "MultiPolygon", coordinates: [[close(left)], [close(right)]] };
}

/** The part of a ring on one side of a meridian: below it for 1, above for -1 (Sutherland-Hodgman). */
function clip(ring: readonly Position[], lon: number, side: 1 | -1): Position[] {
  const out: Position[] = [];
  ring.forEach((here, i) => {
    const before = ring.at(i - 1) ?? here;
    const inside = side * (lon - here[0]) >= 0;
    if (inside !== side * (lon - before[0]) >= 0) {
      const share = (lon - before[0]) / (here[0] - before[0]);
      out.push([lon, before[1] + share * (here[1] - before[1])]);
    }
    if (inside) out.push(here);
  });
  return out;
}

function close(ring: readonly Position[]): Position[] {
  const first = ring[0];
  if (!first) return [];
  const open = ring.map(([lon, lat]): Position => [lon, lat]);
  const twice = open.reduce((sum, [x, y], i) => {
    const next = open[(i + 1) % open.length] ?? first;
    return sum + x * next[1] - next[0] * y;
  }, 0);
  if (twice < 0) open.reverse();
  const start = open[0] ?? first;
  return [...open, [start[0], start[1]]];
}

/** Bounds [west, south, east, north] around positions, west of east even across 180 degrees. */
export function boundsOf(line: readonly Position[]): [number, number, number, number] | null {
  if (!line.length) return null;
  const flat = unwrapLine(line);
  const lons = flat.map((p) => p[0]);
  const lats = flat.map((p) => p[1]);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
