/** Positions at any instant of a loaded stretch, by dead reckoning between grid rows. */
import { get } from "../api/client";
import { nearest, wrap } from "../geo/longitude";
import type { Columns } from "../picture/store";

export interface Stretch {
  since_us: number;
  until_us: number;
  step_us: number;
  /** Rows of each vessel in order of time: [first, last) into the columns below. */
  ranges: Map<number, [number, number]>;
  time_us: Float64Array;
  lon: Float64Array;
  lat: Float64Array;
  speed_kn: Float32Array;
  course_deg: Float32Array;
}

interface Grid {
  mmsi: number[];
  time_us: number[];
  lat_deg: number[];
  lon_deg: number[];
  speed_kn?: (number | null)[];
  course_deg?: (number | null)[];
}

const GRID_ROWS = 240;

export async function loadStretch(since_us: number, until_us: number, signal?: AbortSignal): Promise<Stretch> {
  const step_s = Math.max(30, Math.round((until_us - since_us) / 1e6 / GRID_ROWS));
  const answer = await get<Record<string, unknown>>("/replay", { since_us, until_us, step_s }, signal);
  const inner = (answer["columns"] ?? answer) as Record<string, unknown>;
  return stretchOf(Array.isArray(inner["mmsi"]) ? (inner as unknown as Grid) : fromItems(answer), since_us, until_us, step_s * 1e6);
}

function fromItems(answer: Record<string, unknown>): Grid {
  const items = (answer["items"] ?? []) as Record<string, unknown>[];
  const column = (name: string) => items.map((row) => row[name]);
  const names = ["mmsi", "time_us", "lat_deg", "lon_deg", "speed_kn", "course_deg"];
  return Object.fromEntries(names.map((n) => [n, column(n)])) as unknown as Grid;
}

export function stretchOf(grid: Grid, since_us: number, until_us: number, step_us: number): Stretch {
  const n = grid.mmsi.length;
  const order = Array.from({ length: n }, (_, i) => i);
  const m = (i: number) => grid.mmsi[i] ?? 0;
  const t = (i: number) => grid.time_us[i] ?? 0;
  order.sort((a, b) => m(a) - m(b) || t(a) - t(b));
  const ranges = new Map<number, [number, number]>();
  order.forEach((i, k) => {
    const range = ranges.get(m(i));
    if (range) range[1] = k + 1;
    else ranges.set(m(i), [k, k + 1]);
  });
  const column = (from: (number | null)[] | undefined) => (i: number) => from?.[i] ?? Number.NaN;
  return {
    since_us,
    until_us,
    step_us,
    ranges,
    time_us: Float64Array.from(order, t),
    lon: Float64Array.from(order, column(grid.lon_deg)),
    lat: Float64Array.from(order, column(grid.lat_deg)),
    speed_kn: Float32Array.from(order, column(grid.speed_kn)),
    course_deg: Float32Array.from(order, column(grid.course_deg)),
  };
}

const SHOWN_FOR_STEPS = 4;

/** Every vessel at `at_us`: between two rows near each other on the line, else where last heard.
 * Vessels not heard for some steps are left out. */
export function positionsAt(s: Stretch, at_us: number, names: (string | null)[] = []): Columns {
  const n = s.ranges.size;
  const out: Columns = {
    n: 0,
    mmsi: new Int32Array(n),
    place: new Float64Array(2 * n),
    speed_kn: new Float32Array(n),
    course_deg: new Float32Array(n),
    heading_deg: new Float32Array(n).fill(Number.NaN),
    time_us: new Float64Array(n),
    name: names,
  };
  for (const [mmsi, [first, last]] of s.ranges) {
    const i = lastBefore(s.time_us, first, last, at_us);
    if (i < 0) continue;
    const then = s.time_us[i] ?? 0;
    const next = i + 1 < last ? (s.time_us[i + 1] ?? 0) : Number.POSITIVE_INFINITY;
    const joined = next - then <= SHOWN_FOR_STEPS * s.step_us;
    if (!joined && at_us - then > SHOWN_FOR_STEPS * s.step_us) continue;
    const share = joined ? (at_us - then) / (next - then) : 0;
    const lon = s.lon[i] ?? 0;
    const lat = s.lat[i] ?? 0;
    const k = out.n;
    out.mmsi[k] = mmsi;
    out.place[2 * k] = wrap(joined ? lon + share * (nearest(s.lon[i + 1] ?? lon, lon) - lon) : lon);
    out.place[2 * k + 1] = joined ? lat + share * ((s.lat[i + 1] ?? lat) - lat) : lat;
    out.speed_kn[k] = s.speed_kn[i] ?? Number.NaN;
    out.course_deg[k] = s.course_deg[i] ?? Number.NaN;
    out.time_us[k] = then;
    out.n = k + 1;
  }
  return out;
}

function lastBefore(times: Float64Array, first: number, last: number, at_us: number): number {
  if (first >= last || (times[first] ?? 0) > at_us) return -1;
  let low = first;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at_us) low = middle;
    else high = middle;
  }
  return low;
}
