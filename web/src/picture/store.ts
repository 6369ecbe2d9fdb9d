/** Where every vessel was last heard: columns that grow, written in place, told in batches. */
import type { Positions } from "../api/stream";
import { createStore } from "../app/store";

const FIRST_CAPACITY = 4096;

export interface Columns {
  n: number;
  mmsi: Int32Array;
  /** lon, lat of each vessel. */
  place: Float64Array;
  speed_kn: Float32Array;
  course_deg: Float32Array;
  heading_deg: Float32Array;
  time_us: Float64Array;
  name: (string | null)[];
}

function columns(capacity: number): Columns {
  return {
    n: 0,
    mmsi: new Int32Array(capacity),
    place: new Float64Array(2 * capacity),
    speed_kn: new Float32Array(capacity),
    course_deg: new Float32Array(capacity),
    heading_deg: new Float32Array(capacity),
    time_us: new Float64Array(capacity),
    name: [],
  };
}

/** What `/picture` answers. */
export interface PictureColumns extends Omit<Positions, "received_us"> {
  name?: (string | null)[];
}

export class Picture {
  data = columns(FIRST_CAPACITY);
  private readonly row = new Map<number, number>();

  rowOf(mmsi: number): number | undefined {
    return this.row.get(mmsi);
  }

  /** Takes rows over. A row that is older than what is known changes nothing. */
  take(rows: PictureColumns): void {
    for (let i = 0; i < rows.mmsi.length; i += 1) {
      const mmsi = rows.mmsi[i];
      const lon = rows.lon_deg[i];
      const lat = rows.lat_deg[i];
      const time = rows.time_us[i];
      if (mmsi === undefined || lon == null || lat == null || time === undefined) continue;
      const known = this.row.get(mmsi);
      if (known !== undefined && time < (this.data.time_us[known] ?? 0)) continue;
      const at = known ?? this.add(mmsi);
      const d = this.data;
      d.place[2 * at] = lon;
      d.place[2 * at + 1] = lat;
      d.time_us[at] = time;
      d.speed_kn[at] = rows.speed_kn[i] ?? Number.NaN;
      d.course_deg[at] = rows.course_deg[i] ?? Number.NaN;
      d.heading_deg[at] = rows.heading_deg[i] ?? Number.NaN;
      const name = rows.name?.[i];
      if (name) d.name[at] = name;
    }
  }

  private add(mmsi: number): number {
    const at = this.data.n;
    if (at === this.data.mmsi.length) this.grow();
    this.data.mmsi[at] = mmsi;
    this.data.n = at + 1;
    this.row.set(mmsi, at);
    return at;
  }

  private grow(): void {
    const old = this.data;
    const wide = columns(2 * old.mmsi.length);
    wide.mmsi.set(old.mmsi);
    wide.place.set(old.place);
    wide.speed_kn.set(old.speed_kn);
    wide.course_deg.set(old.course_deg);
    wide.heading_deg.set(old.heading_deg);
    wide.time_us.set(old.time_us);
    this.data = { ...wide, n: old.n, name: old.name };
  }
}

export const picture = new Picture();
/** Counts up when the picture changed, at most as often as it can be drawn. */
export const pictureVersion = createStore(0);

const DRAW_EVERY_MS = 250;
const DRAW_MANY_EVERY_MS = 1000;
const MANY = 10_000;
let waiting = false;

function tellSoon(): void {
  if (waiting) return;
  waiting = true;
  setTimeout(
    () => {
      waiting = false;
      pictureVersion.set((n) => n + 1);
    },
    picture.data.n > MANY ? DRAW_MANY_EVERY_MS : DRAW_EVERY_MS,
  );
}

export function takePositions(rows: Positions): void {
  picture.take(rows);
  tellSoon();
}
