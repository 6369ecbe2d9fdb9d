/** Layers of the vessels: discs with counts far away, arrows and dots near by. */
import { IconLayer, ScatterplotLayer, TextLayer } from "@deck.gl/layers";
import type { Layer } from "@deck.gl/core";
import type { Theme } from "../app/prefs";
import { shown } from "../format/format";
import { wrap } from "../geo/longitude";
import { aggregate } from "./aggregate";
import type { Columns } from "./store";
import { PALETTES } from "./style";

/** From this zoom on each vessel is drawn as itself; so are few vessels at any zoom. */
const EACH_ZOOM = 6.5;
const FEW = 2500;
const ARROWS_ZOOM = 7.5;
const NAMES_ZOOM = 10.5;
const OLD_US = 30 * 60e6;
const STOPPED_KN = 0.7;

export interface Seen {
  west: number;
  south: number;
  east: number;
  north: number;
  zoom: number;
}

export interface VesselLook {
  theme: Theme;
  now_us: number;
  seen: Seen;
  names: boolean;
  dim: boolean;
  marked: ReadonlySet<number>;
}

/** Rows within the seen box, which may lie across 180 degrees. */
export function within(data: Columns, seen: Seen): Int32Array {
  const found = new Int32Array(data.n);
  const width = seen.east - seen.west;
  let n = 0;
  for (let i = 0; i < data.n; i += 1) {
    const lat = data.place[2 * i + 1] ?? 0;
    if (lat < seen.south || lat > seen.north) continue;
    const lon = data.place[2 * i] ?? 0;
    if (width < 360 && wrap(lon - seen.west - 180) + 180 > width) continue;
    found[n] = i;
    n += 1;
  }
  return found.subarray(0, n);
}

export function vesselLayers(data: Columns, look: VesselLook): Layer[] {
  const rows = within(data, look.seen);
  if (look.seen.zoom < EACH_ZOOM && rows.length > FEW) return crowd(data, rows, look);
  const near = look.seen.zoom >= ARROWS_ZOOM;
  const moves = (i: number) => near && (data.speed_kn[i] ?? 0) > STOPPED_KN && isKnown(direction(data, i));
  const layers: Layer[] = [
    dots(data, rows.filter((i) => !moves(i)), look),
    arrows(data, rows.filter(moves), look),
  ];
  if (look.names && look.seen.zoom >= NAMES_ZOOM) layers.push(names(data, rows, look));
  return layers;
}

function colours(data: Columns, rows: Int32Array, look: VesselLook): Uint8Array {
  const { vessel, old, lead } = PALETTES[look.theme];
  const out = new Uint8Array(4 * rows.length);
  const alpha = look.dim ? 90 : 235;
  rows.forEach((i, k) => {
    const stale = look.now_us - (data.time_us[i] ?? 0) > OLD_US;
    const rgb = look.marked.has(data.mmsi[i] ?? 0) ? lead : stale ? old : vessel;
    out.set(rgb, 4 * k);
    out[4 * k + 3] = stale ? Math.min(alpha, 150) : alpha;
  });
  return out;
}

function places(data: Columns, rows: Int32Array): Float64Array {
  const out = new Float64Array(2 * rows.length);
  rows.forEach((i, k) => {
    out[2 * k] = data.place[2 * i] ?? 0;
    out[2 * k + 1] = data.place[2 * i + 1] ?? 0;
  });
  return out;
}

function dots(data: Columns, rows: Int32Array, look: VesselLook): Layer {
  const near = look.seen.zoom >= ARROWS_ZOOM;
  return new ScatterplotLayer({
    id: "vessels",
    data: {
      length: rows.length,
      attributes: {
        getPosition: { value: places(data, rows), size: 2 },
        getFillColor: { value: colours(data, rows, look), size: 4, normalized: true },
      },
      rows,
    },
    radiusUnits: "pixels",
    getRadius: near ? 3.4 : look.seen.zoom > 4 ? 2.4 : 1.8,
    pickable: true,
    parameters: { depthCompare: "always" },
  });
}

function arrows(data: Columns, moving: Int32Array, look: VesselLook): Layer {
  const angle = new Float32Array(moving.length);
  moving.forEach((i, k) => {
    angle[k] = -direction(data, i);
  });
  return new IconLayer({
    id: "arrows",
    data: {
      length: moving.length,
      attributes: {
        getPosition: { value: places(data, moving), size: 2 },
        getColor: { value: colours(data, moving, look), size: 4, normalized: true },
        getAngle: { value: angle, size: 1 },
      },
      rows: moving,
    },
    iconAtlas: arrow(),
    iconMapping: { ship: { x: 0, y: 0, width: 64, height: 64, mask: true } },
    getIcon: () => "ship",
    getSize: look.seen.zoom > 10 ? 22 : 17,
    pickable: true,
    parameters: { depthCompare: "always" },
  });
}

function direction(data: Columns, i: number): number {
  const heading = data.heading_deg[i] ?? Number.NaN;
  return isKnown(heading) && heading < 360 ? heading : (data.course_deg[i] ?? Number.NaN);
}

const isKnown = (value: number) => !Number.isNaN(value);

function names(data: Columns, rows: Int32Array, look: VesselLook): Layer {
  const { ink, paper } = PALETTES[look.theme];
  return new TextLayer({
    id: "names",
    data: Array.from(rows.subarray(0, 400)),
    getPosition: (i: number) => [data.place[2 * i] ?? 0, data.place[2 * i + 1] ?? 0],
    getText: (i: number) => shown(data.name[i] ?? String(data.mmsi[i])),
    getColor: [...ink, 230],
    getSize: 11,
    getTextAnchor: "start",
    getPixelOffset: [12, 0],
    characterSet: "auto",
    fontFamily: "system-ui, sans-serif",
    fontSettings: { sdf: true },
    outlineWidth: 3,
    outlineColor: [...paper, 220],
  });
}

function crowd(data: Columns, rows: Int32Array, look: VesselLook): Layer[] {
  const cells = aggregate(places(data, rows), rows.length, look.seen.zoom);
  const { vessel, ink } = PALETTES[look.theme];
  const radius = Float32Array.from(cells.count, (n) => 5 + 2.6 * Math.log2(n));
  const most = Array.from(cells.count.keys()).filter((i) => (cells.count[i] ?? 0) > 9);
  return [
    new ScatterplotLayer({
      id: "crowd",
      data: {
        length: cells.n,
        attributes: {
          getPosition: { value: cells.place, size: 2 },
          getRadius: { value: radius, size: 1 },
        },
        cells,
      },
      radiusUnits: "pixels",
      getFillColor: [...vessel, look.dim ? 40 : 90],
      getLineColor: [...vessel, 160],
      lineWidthMinPixels: 1,
      stroked: true,
      pickable: true,
    }),
    new TextLayer({
      id: "crowd-counts",
      data: most,
      getPosition: (i: number) => [cells.place[2 * i] ?? 0, cells.place[2 * i + 1] ?? 0],
      getText: (i: number) => brief(cells.count[i] ?? 0),
      getColor: [...ink, 240],
      getSize: 11,
      fontFamily: "system-ui, sans-serif",
      characterSet: "0123456789k.",
    }),
  ];
}

function brief(n: number): string {
  return n < 1000 ? String(n) : `${(n / 1000).toFixed(n < 9950 ? 1 : 0)}k`;
}

let drawn: HTMLCanvasElement | null = null;

/** Handed over as pixels: an address would be fetched, which the content policy forbids. */
function arrow(): string {
  if (drawn) return drawn as unknown as string;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  if (pen) {
    pen.fillStyle = "white";
    pen.beginPath();
    pen.moveTo(32, 4);
    pen.lineTo(50, 60);
    pen.lineTo(14, 60);
    pen.fill();
  }
  drawn = canvas;
  return canvas as unknown as string;
}
