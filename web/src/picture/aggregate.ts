/** Many vessels as few discs: counts per cell of a grid on the map as projected (Web Mercator). */

export interface Cells {
  n: number;
  /** lon, lat of the mean place of the vessels in each cell. */
  place: Float64Array;
  count: Int32Array;
}

/** `cell_px` wide cells at `zoom`; `place` holds lon, lat pairs. */
export function aggregate(place: Float64Array, n: number, zoom: number, cell_px = 44): Cells {
  const across = Math.max(1, Math.floor((512 * 2 ** zoom) / cell_px));
  const index = new Map<number, number>();
  const sums = new Float64Array(2 * n);
  const count = new Int32Array(n);
  let cells = 0;
  for (let i = 0; i < n; i += 1) {
    const lon = place[2 * i] ?? 0;
    const lat = Math.max(-85, Math.min(85, place[2 * i + 1] ?? 0));
    const x = Math.floor(((lon + 180) / 360) * across);
    const sin = Math.sin((lat * Math.PI) / 180);
    const y = Math.floor((0.5 - Math.atanh(sin) / (2 * Math.PI)) * across);
    const key = y * (across + 1) + x;
    let at = index.get(key);
    if (at === undefined) {
      at = cells;
      cells += 1;
      index.set(key, at);
    }
    sums[2 * at] = (sums[2 * at] ?? 0) + lon;
    sums[2 * at + 1] = (sums[2 * at + 1] ?? 0) + lat;
    count[at] = (count[at] ?? 0) + 1;
  }
  for (let at = 0; at < cells; at += 1) {
    const of = count[at] ?? 1;
    sums[2 * at] = (sums[2 * at] ?? 0) / of;
    sums[2 * at + 1] = (sums[2 * at + 1] ?? 0) / of;
  }
  return { n: cells, place: sums.subarray(0, 2 * cells), count: count.subarray(0, cells) };
}
