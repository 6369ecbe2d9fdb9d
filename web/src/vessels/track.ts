import { get } from "../api/client";
import type { TrackPoints } from "../api/types";

const COLUMNS = ["track_id", "time_us", "lat_deg", "lon_deg", "speed_kn", "course_deg", "observation_id", "source"] as const;
const MOST = 4000;

/** A vessel's points as columns, at most MOST of them; `total` says how many there are. */
export async function loadTrack(
  mmsi: number,
  since_us: number | null,
  until_us: number | null,
  signal?: AbortSignal,
): Promise<TrackPoints> {
  const query = { since_us, until_us, max_points: MOST };
  const answer = await get<Record<string, unknown>>(`/vessels/${String(mmsi)}/track`, query, signal);
  const inner = (answer["columns"] ?? answer) as Record<string, unknown>;
  const items = (Array.isArray(inner["time_us"]) ? null : (answer["items"] ?? [])) as Record<string, unknown>[] | null;
  const column = (name: string) => items?.map((row) => row[name] ?? null) ?? (inner[name] as unknown[] | undefined) ?? [];
  const points = Object.fromEntries(COLUMNS.map((name) => [name, column(name)]));
  const total = typeof answer["total"] === "number" ? answer["total"] : column("time_us").length;
  return { ...(points as unknown as TrackPoints), total };
}
