import type { Layer } from "@deck.gl/core";
import { useMemo } from "react";
import { get } from "../api/client";
import { status } from "../api/stream";
import type { Event, Page } from "../api/types";
import { useAnswer } from "../api/use";
import { theme as themeStore } from "../app/prefs";
import { useStore } from "../app/store";
import { view as viewStore } from "../app/view";
import type { Position } from "../geo/longitude";
import {
  type CoverageAnswer,
  coverageLayer,
  eventsLayer,
  leadLayers,
  markLayers,
  type Port,
  portsLayer,
  ringLayers,
  wayLayers,
  zonesLayer,
} from "./overlays";
import { drawing, replayed, scene as sceneStore } from "./scene";
import { type Columns, picture, pictureVersion } from "./store";
import { type Seen, vesselLayers } from "./vessels";
import { silent } from "../feeds/health";

/** All layers for what is seen, lowest first, and the columns that vessels were drawn from. */
export function useLayers(seen: Seen): { layers: Layer[]; data: Columns } {
  const theme = useStore(themeStore);
  const scene = useStore(sceneStore);
  const view = useStore(viewStore);
  const past = useStore(replayed);
  const version = useStore(pictureVersion);
  const health = useStore(status);
  const isDrawing = useStore(drawing);
  const names = view.layers.includes("names");
  const on = (layer: (typeof view.layers)[number]) => view.layers.includes(layer);
  const data = past ?? picture.data;
  const newest = useMemo(
    () => data.time_us.subarray(0, data.n).reduce((a, b) => Math.max(a, b), 0),
    // the columns are written in place: the version says when
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [data, version],
  );
  const box = `${seen.west.toFixed(1)},${seen.south.toFixed(1)},${seen.east.toFixed(1)},${seen.north.toFixed(1)}`;
  const hour = Math.floor((view.at ?? newest) / 3.6e9) * 3.6e9;
  const ready = newest > 0;
  const coverage = useAnswer(on("coverage") && ready ? `coverage ${String(hour)}` : null, (signal) =>
    get<CoverageAnswer>("/coverage", { time_us: hour }, signal),
  );
  const zones = useAnswer(on("zones") ? "zones" : null, (signal) =>
    get<GeoJSON.FeatureCollection>("/zones", {}, signal),
  );
  const ports = useAnswer(on("ports") && seen.zoom > 4 ? `ports ${box}` : null, (signal) =>
    get<Page<Port>>("/ports", { bbox: box, limit: 500 }, signal),
  );
  const events = useAnswer(on("events") && seen.zoom > 4 ? `events ${box}` : null, (signal) =>
    get<Page<Event>>("/events", { bbox: box, limit: 500 }, signal),
  );
  const dim = past === null && silent(health);
  const layers = useMemo(() => {
    const marked = new Set([...scene.leads.map((l) => l.mmsi), ...scene.found]);
    const chosen = chosenPlace(view.vessel, view.lead, scene.leads, data);
    const now_us = view.at ?? newest;
    const made: Layer[] = [];
    if (coverage.value) made.push(coverageLayer(coverage.value, theme));
    if (zones.value) made.push(zonesLayer(zones.value, theme));
    if (ports.value) made.push(portsLayer(ports.value.items, theme));
    made.push(...ringLayers(view.ring as Position[], isDrawing, theme));
    made.push(...wayLayers(scene, theme));
    if (events.value) made.push(eventsLayer(events.value.items, theme));
    made.push(eventsLayer(scene.events, theme, true));
    made.push(...vesselLayers(data, { theme, now_us, seen, names, dim, marked }));
    made.push(...leadLayers(scene.leads, view.lead, theme, seen.zoom));
    made.push(...markLayers(scene, chosen, theme));
    return made;
    // `version` stands for the columns, which are written in place
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [scene, data, version, newest, seen, theme, dim, names, isDrawing, view.vessel, view.lead, view.at,
    view.ring, coverage.value, zones.value, ports.value, events.value]);
  return { layers, data };
}

function chosenPlace(
  vessel: number | null,
  lead: string | null,
  leads: readonly { lead_id: string; mmsi: number }[],
  data: Columns,
): Position | null {
  const mmsi = vessel ?? leads.find((l) => l.lead_id === lead)?.mmsi;
  if (mmsi === undefined) return null;
  const at = data.mmsi.subarray(0, data.n).indexOf(mmsi);
  return at < 0 ? null : [data.place[2 * at] ?? 0, data.place[2 * at + 1] ?? 0];
}
