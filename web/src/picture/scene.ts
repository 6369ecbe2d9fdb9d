/** What else is on the map: what the open card, the area and the layers want drawn. */
import { createStore } from "../app/store";
import type { Event, Lead, TrackPoints } from "../api/types";
import type { Position } from "../geo/longitude";
import type { Columns } from "./store";

export interface Scene {
  tracks: readonly TrackPoints[];
  /** Events of the open card. */
  events: readonly Event[];
  /** Evidence rows of the open card. */
  evidence: readonly Position[];
  /** The one place that is pointed at, from a row or the chart. */
  mark: Position | null;
  /** Leads of the queue, by vessel. */
  leads: readonly Lead[];
  /** Vessels that an area query found. */
  found: ReadonlySet<number>;
}

export const EMPTY_SCENE: Scene = {
  tracks: [],
  events: [],
  evidence: [],
  mark: null,
  leads: [],
  found: new Set(),
};

export const scene = createStore<Scene>(EMPTY_SCENE);
/** Vessels at the replayed instant; null while the map is live. */
export const replayed = createStore<Columns | null>(null);
/** Where the map shall go; the map sets it back to null. */
export const flight = createStore<{ bounds: [number, number, number, number] } | null>(null);
export const drawing = createStore(false);

export function show(change: Partial<Scene>): void {
  scene.set((now) => ({ ...now, ...change }));
}

export function flyTo(lon: number, lat: number, span_deg = 1): void {
  flight.set({ bounds: [lon - span_deg, lat - span_deg / 2, lon + span_deg, lat + span_deg / 2] });
}

export function flyOver(bounds: [number, number, number, number] | null): void {
  if (bounds) flight.set({ bounds });
}
