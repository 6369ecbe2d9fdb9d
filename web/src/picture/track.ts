/** A vessel's way as lines: what was heard solid, what was not heard dashed, with its reach. */
import { nearest, type Position, unwrapLine } from "../geo/longitude";
import type { TrackPoints } from "../api/types";

const NM_PER_DEG = 60;
const GAP_S = 1800;
const GAP_TIMES = 6;
const DASHES = 15;

export interface Gap {
  from: Position;
  to: Position;
  start_us: number;
  end_us: number;
}

export interface Way {
  heard: Position[][];
  gaps: Gap[];
}

/** Cuts where the track changes or was silent: for half an hour, or six times its usual interval. */
export function wayOf(points: TrackPoints): Way {
  const way: Way = { heard: [], gaps: [] };
  const line = unwrapLine(points.lon_deg.map((lon, i): Position => [lon, points.lat_deg[i] ?? 0]));
  const limit_us = 1e6 * Math.max(GAP_S, GAP_TIMES * usualInterval(points.time_us));
  let part: Position[] = [];
  line.forEach((here, i) => {
    const before = line[i - 1];
    const now = points.time_us[i] ?? 0;
    const then = points.time_us[i - 1] ?? now;
    const other = points.track_id[i] !== points.track_id[i - 1];
    if (before && (other || now - then > limit_us)) {
      way.heard.push(part);
      part = [];
      if (!other) way.gaps.push({ from: before, to: here, start_us: then, end_us: now });
    }
    part.push(here);
  });
  if (part.length) way.heard.push(part);
  return way;
}

function usualInterval(times: readonly number[]): number {
  const steps = times.slice(1).map((t, i) => (t - (times[i] ?? t)) / 1e6);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

/** The straight line of a gap as dashes. */
export function dashes({ from, to }: Gap): Position[][] {
  const at = (share: number): Position => [
    from[0] + share * (to[0] - from[0]),
    from[1] + share * (to[1] - from[1]),
  ];
  return Array.from({ length: DASHES }, (_, i) => [at(i / DASHES), at((i + 0.55) / DASHES)]);
}

/** Where the vessel can have been during a gap at `speed_kn`: an ellipse around both ends.
 * On a local plane, which is enough for a drawing within a few hundred miles. */
export function reach(gap: Gap, speed_kn: number, corners = 48): Position[] {
  const cos = Math.max(0.05, Math.cos(((gap.from[1] + gap.to[1]) * Math.PI) / 360));
  const dx = (nearest(gap.to[0], gap.from[0]) - gap.from[0]) * cos * NM_PER_DEG;
  const dy = (gap.to[1] - gap.from[1]) * NM_PER_DEG;
  const apart = Math.hypot(dx, dy);
  const long = Math.max((speed_kn * (gap.end_us - gap.start_us)) / 3.6e9, apart * 1.001) / 2;
  const short = Math.sqrt(long * long - (apart / 2) ** 2);
  const turn = Math.atan2(dy, dx);
  return Array.from({ length: corners + 1 }, (_, i): Position => {
    const a = (2 * Math.PI * i) / corners;
    const x = dx / 2 + long * Math.cos(a) * Math.cos(turn) - short * Math.sin(a) * Math.sin(turn);
    const y = dy / 2 + long * Math.cos(a) * Math.sin(turn) + short * Math.sin(a) * Math.cos(turn);
    return [gap.from[0] + x / (cos * NM_PER_DEG), gap.from[1] + y / NM_PER_DEG];
  });
}

/** A fast speed that the vessel itself has shown: the 95th percentile, 5 knots or more. */
export function topSpeed(speeds: readonly (number | null)[]): number {
  const known = speeds.filter((s): s is number => s !== null && Number.isFinite(s)).sort((a, b) => a - b);
  return Math.max(5, known[Math.floor(known.length * 0.95)] ?? 0);
}

/** Great-circle distance in nautical miles. */
export function distanceNm(a: Position, b: Position): number {
  const rad = Math.PI / 180;
  const dLat = (b[1] - a[1]) * rad;
  const dLon = (b[0] - a[0]) * rad;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a[1] * rad) * Math.cos(b[1] * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 3440.065 * Math.asin(Math.min(1, Math.sqrt(h)));
}
