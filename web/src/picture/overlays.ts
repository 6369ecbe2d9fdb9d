/** Layers of all that is not a live vessel: coverage, zones, ways, events, leads, marks, drawing. */
import { GeoJsonLayer, PathLayer, PolygonLayer, ScatterplotLayer, TextLayer } from "@deck.gl/layers";
import type { Layer } from "@deck.gl/core";
import type { Theme } from "../app/prefs";
import type { Event, Lead } from "../api/types";
import { type Position, unwrapLine } from "../geo/longitude";
import type { Scene } from "./scene";
import { PALETTES } from "./style";
import { dashes, reach, topSpeed, wayOf } from "./track";

/** Cells with the probability that a message sent in them arrives. */
export interface CoverageAnswer {
  columns: {
    west_deg: number[];
    south_deg: number[];
    east_deg: number[];
    north_deg: number[];
    p_message: number[];
  };
}

export interface Port {
  name: string;
  lat_deg: number;
  lon_deg: number;
}

export function coverageLayer({ columns: c }: CoverageAnswer, theme: Theme): Layer {
  const { heard } = PALETTES[theme];
  return new PolygonLayer<{ p_message: number; ring: Position[] }>({
    id: "coverage",
    data: c.p_message.map((p_message, i) => {
      const [w = 0, s = 0, e = 0, n = 0] = [c.west_deg[i], c.south_deg[i], c.east_deg[i], c.north_deg[i]];
      return { p_message, ring: [[w, s], [e, s], [e, n], [w, n]] satisfies Position[] };
    }),
    getPolygon: (cell) => cell.ring,
    getFillColor: (cell) => [...heard, 20 + 90 * cell.p_message],
    getLineColor: [...heard, 70],
    lineWidthMinPixels: 0.5,
    pickable: true,
  });
}

export function zonesLayer(zones: GeoJSON.FeatureCollection, theme: Theme): Layer {
  const { zone } = PALETTES[theme];
  return new GeoJsonLayer({
    id: "zones",
    data: zones,
    getFillColor: [...zone, 26],
    getLineColor: [...zone, 210],
    lineWidthMinPixels: 1.5,
    pickable: true,
  });
}

export function portsLayer(ports: readonly Port[], theme: Theme): Layer {
  const { ink } = PALETTES[theme];
  return new ScatterplotLayer<Port>({
    id: "ports",
    data: ports,
    getPosition: (p) => [p.lon_deg, p.lat_deg],
    getFillColor: [0, 0, 0, 0],
    getLineColor: [...ink, 190],
    stroked: true,
    lineWidthMinPixels: 1.2,
    radiusUnits: "pixels",
    getRadius: 4,
    pickable: true,
  });
}

export function wayLayers(scene: Scene, theme: Theme): Layer[] {
  const { chosen } = PALETTES[theme];
  const ways = scene.tracks.map((points) => ({ way: wayOf(points), fast: topSpeed(points.speed_kn) }));
  const silent = ways.flatMap(({ way, fast }) => way.gaps.map((gap) => reach(gap, fast)));
  return [
    new PolygonLayer<Position[]>({
      id: "reach",
      data: silent,
      getPolygon: (ring) => ring,
      getFillColor: [...chosen, 9],
      getLineColor: [...chosen, 110],
      lineWidthMinPixels: 1,
    }),
    new PathLayer<Position[]>({
      id: "way",
      data: ways.flatMap(({ way }) => way.heard),
      getPath: (line) => line,
      getColor: [...chosen, 220],
      widthUnits: "pixels",
      getWidth: 2,
      capRounded: true,
      jointRounded: true,
    }),
    new PathLayer<Position[]>({
      id: "gaps",
      data: ways.flatMap(({ way }) => way.gaps.flatMap(dashes)),
      getPath: (line) => line,
      getColor: [...chosen, 200],
      widthUnits: "pixels",
      getWidth: 2,
    }),
  ];
}

type Placed<T> = T & { lat_deg: number; lon_deg: number };
const placed = <T extends { lat_deg: number | null; lon_deg: number | null }>(rows: readonly T[]) =>
  rows.filter((r): r is Placed<T> => r.lat_deg !== null && r.lon_deg !== null);

/** `own`: of the open card, which stand out. */
export function eventsLayer(events: readonly Event[], theme: Theme, own = false): Layer {
  const { event } = PALETTES[theme];
  return new ScatterplotLayer<Placed<Event>>({
    id: own ? "card-events" : "events",
    data: placed(events),
    getPosition: (e) => [e.lon_deg, e.lat_deg],
    getFillColor: [...event, own ? 60 : 0],
    getLineColor: [...event, own ? 230 : 130],
    stroked: true,
    lineWidthMinPixels: 1.2,
    radiusUnits: "pixels",
    getRadius: own ? 5 : 4,
    pickable: true,
  });
}

const RANKS_ZOOM = 5.5;

/** A ring with its rank around each lead of the queue; the open one twice as wide. */
export function leadLayers(leads: readonly Lead[], open: string | null, theme: Theme, zoom: number): Layer[] {
  const { lead, ink, paper } = PALETTES[theme];
  const there = placed(leads);
  return [
    new ScatterplotLayer<Placed<Lead>>({
      id: "leads",
      data: there,
      getPosition: (l) => [l.lon_deg, l.lat_deg],
      getFillColor: [...lead, 24],
      getLineColor: [...lead, 240],
      stroked: true,
      lineWidthMinPixels: 1.6,
      radiusUnits: "pixels",
      getRadius: (l) => (l.lead_id === open ? 16 : zoom < RANKS_ZOOM ? 5 : 10),
      updateTriggers: { getRadius: [open, zoom < RANKS_ZOOM] },
      pickable: true,
    }),
    new TextLayer<Placed<Lead>>({
      id: "lead-ranks",
      data: there.filter((l) => l.rank !== null && (zoom >= RANKS_ZOOM || l.lead_id === open)),
      getPosition: (l) => [l.lon_deg, l.lat_deg],
      getText: (l) => String(l.rank),
      getPixelOffset: [0, -19],
      getSize: 12,
      fontWeight: 700,
      fontFamily: "system-ui, sans-serif",
      characterSet: "0123456789",
      fontSettings: { sdf: true },
      outlineWidth: 4,
      outlineColor: [...paper, 255],
      getColor: [...ink, 255],
    }),
  ];
}

export function markLayers(scene: Scene, chosen: Position | null, theme: Theme): Layer[] {
  const c = PALETTES[theme];
  const layers: Layer[] = [
    new ScatterplotLayer<Position>({
      id: "evidence",
      data: scene.evidence,
      getPosition: (p) => p,
      getFillColor: [...c.ink, 230],
      radiusUnits: "pixels",
      getRadius: 2.6,
    }),
  ];
  const ring = (id: string, at: Position, rgb: readonly number[], radius: number) =>
    new ScatterplotLayer<Position>({
      id,
      data: [at],
      getPosition: (p) => p,
      getFillColor: [0, 0, 0, 0],
      getLineColor: [rgb[0] ?? 0, rgb[1] ?? 0, rgb[2] ?? 0, 255],
      stroked: true,
      lineWidthMinPixels: 2.5,
      radiusUnits: "pixels",
      getRadius: radius,
    });
  if (chosen) layers.push(ring("chosen", chosen, c.chosen, 14));
  if (scene.mark) layers.push(ring("mark", scene.mark, c.ink, 9));
  return layers;
}

export function ringLayers(ring: readonly Position[], drawing: boolean, theme: Theme): Layer[] {
  if (!ring.length) return [];
  const { chosen } = PALETTES[theme];
  const line = unwrapLine(ring);
  const closed = line.length > 2 ? [...line, line[0] ?? [0, 0]] : line;
  return [
    new PolygonLayer<Position[]>({
      id: "ring-fill",
      data: line.length > 2 ? [line] : [],
      getPolygon: (r) => r,
      getFillColor: [...chosen, 30],
      stroked: false,
    }),
    new PathLayer<Position[]>({
      id: "ring",
      data: [closed as Position[]],
      getPath: (r) => r,
      getColor: [...chosen, 255],
      widthUnits: "pixels",
      getWidth: 2,
    }),
    new ScatterplotLayer<Position>({
      id: "ring-corners",
      data: drawing ? line : [],
      getPosition: (p) => p,
      getFillColor: [...chosen, 255],
      radiusUnits: "pixels",
      getRadius: 4,
    }),
  ];
}
