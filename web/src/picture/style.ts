import type { StyleSpecification, SymbolLayerSpecification } from "maplibre-gl";
import type { Theme } from "../app/prefs";

export type Rgb = [number, number, number];

interface Palette {
  water: string;
  land: string;
  coast: string;
  border: string;
  text: string;
  faint: string;
  halo: string;
  vessel: Rgb;
  old: Rgb;
  lead: Rgb;
  chosen: Rgb;
  event: Rgb;
  zone: Rgb;
  heard: Rgb;
  ink: Rgb;
  paper: Rgb;
}

export const PALETTES: Record<Theme, Palette> = {
  dark: {
    water: "#0a1119",
    land: "#1a222b",
    coast: "#3c4b59",
    border: "#2b3742",
    text: "#9fb0be",
    faint: "#61778a",
    halo: "#0a1119",
    vessel: [158, 196, 220],
    old: [96, 116, 132],
    lead: [245, 178, 66],
    chosen: [120, 220, 245],
    event: [240, 140, 120],
    zone: [150, 140, 220],
    heard: [70, 150, 120],
    ink: [230, 238, 244],
    paper: [10, 17, 25],
  },
  light: {
    water: "#dfe8ee",
    land: "#f6f4ee",
    coast: "#8a9aa6",
    border: "#c9c4b6",
    text: "#43525e",
    faint: "#6a8194",
    halo: "#ffffff",
    vessel: [33, 78, 110],
    old: [134, 150, 162],
    lead: [176, 92, 0],
    chosen: [0, 96, 150],
    event: [178, 48, 40],
    zone: [92, 70, 170],
    heard: [30, 120, 84],
    ink: [20, 30, 40],
    paper: [255, 255, 255],
  },
};

/** The base map. Without a `glyphs` address, MapLibre draws letters with the fonts of the device. */
export function baseStyle(theme: Theme): StyleSpecification {
  const c = PALETTES[theme];
  const archive = `pmtiles://${location.origin}/basemap.pmtiles`;
  const font = ["system-ui, sans-serif"];
  const label = (padding: number, size: number): SymbolLayerSpecification["layout"] => ({
    "text-field": ["get", "name"],
    "text-font": font,
    "text-size": size,
    "text-max-width": 8,
    "text-padding": padding,
  });
  return {
    version: 8,
    sources: { base: { type: "vector", url: archive } },
    layers: [
      { id: "water", type: "background", paint: { "background-color": c.water } },
      {
        id: "land",
        type: "fill",
        source: "base",
        "source-layer": "land",
        paint: { "fill-color": c.land, "fill-antialias": false },
      },
      {
        id: "border",
        type: "line",
        source: "base",
        "source-layer": "border",
        minzoom: 2,
        paint: { "line-color": c.border, "line-width": 1, "line-dasharray": [3, 2] },
      },
      {
        id: "coast",
        type: "line",
        source: "base",
        "source-layer": "coast",
        paint: { "line-color": c.coast, "line-width": ["interpolate", ["linear"], ["zoom"], 1, 0.5, 8, 1.2] },
      },
      {
        id: "sea",
        type: "symbol",
        source: "base",
        "source-layer": "sea",
        filter: ["<=", ["get", "zoom"], ["+", ["zoom"], 0.5]],
        layout: { ...label(6, 12), "text-letter-spacing": 0.12 },
        paint: { "text-color": c.faint, "text-halo-color": c.halo, "text-halo-width": 1 },
      },
      {
        id: "country",
        type: "symbol",
        source: "base",
        "source-layer": "country",
        filter: ["<=", ["get", "zoom"], ["zoom"]],
        layout: { ...label(4, 11), "text-transform": "uppercase", "text-letter-spacing": 0.06 },
        paint: { "text-color": c.text, "text-halo-color": c.halo, "text-halo-width": 1.2 },
      },
      {
        id: "port",
        type: "symbol",
        source: "base",
        "source-layer": "port",
        minzoom: 4,
        filter: ["<=", ["get", "zoom"], ["zoom"]],
        layout: { ...label(2, 11), "text-anchor": "left", "text-offset": [0.4, 0] },
        paint: { "text-color": c.text, "text-halo-color": c.halo, "text-halo-width": 1.2 },
      },
    ],
  };
}
