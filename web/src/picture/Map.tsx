import { MapboxOverlay } from "@deck.gl/mapbox";
import type { PickingInfo } from "@deck.gl/core";
import { addProtocol, Map as BaseMap, NavigationControl, ScaleControl, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { Protocol } from "pmtiles";
import { useEffect, useRef, useState } from "react";
import { theme as themeStore } from "../app/prefs";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { look, openLead, openVessel, view } from "../app/view";
import type { Lead } from "../api/types";
import type { Position } from "../geo/longitude";
import { boundsOf, wrap } from "../geo/longitude";
import { useText } from "../i18n";
import { useLayers } from "./layers";
import { drawing, flight, flyOver } from "./scene";
import { baseStyle } from "./style";
import { Tip } from "./Tip";
import { type Columns, picture, pictureVersion } from "./store";
import type { Seen } from "./vessels";

import "maplibre-gl/dist/maplibre-gl.css";

setWorkerUrl(workerUrl);
addProtocol("pmtiles", new Protocol().tile);

function seenOf(map: BaseMap): Seen {
  const b = map.getBounds();
  return { west: b.getWest(), south: b.getSouth(), east: b.getEast(), north: b.getNorth(), zoom: map.getZoom() };
}

/** The vessel under the pointer: layers of vessels hand their rows along. */
export function pickedVessel(info: PickingInfo, data: Columns): number | null {
  if (info.layer?.id !== "vessels" && info.layer?.id !== "arrows") return null;
  const rows = (info.layer.props.data as unknown as { rows: Int32Array }).rows;
  const row = rows[info.index];
  return row === undefined ? null : (data.mmsi[row] ?? null);
}

export function ChartMap() {
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<BaseMap | null>(null);
  const [overlay, setOverlay] = useState<MapboxOverlay | null>(null);
  const [seen, setSeen] = useState<Seen>({ west: -180, south: -80, east: 180, north: 80, zoom: 1 });
  const [picked, setPicked] = useState<PickingInfo | null>(null);
  const [broken, setBroken] = useState(false);
  const theme = useStore(themeStore);
  const isDrawing = useStore(drawing);
  const target = useStore(flight);
  const { t } = useText();
  const { layers, data } = useLayers(seen);
  const current = useRef(data);
  useEffect(() => {
    current.current = data;
  }, [data]);

  useEffect(() => {
    if (!box.current) return;
    const first = view.get();
    let made: BaseMap;
    try {
      made = new BaseMap({
        container: box.current,
        style: baseStyle(themeStore.get()),
        center: [first.lon ?? 0, first.lat ?? 20],
        zoom: first.zoom ?? 1.5,
        attributionControl: { compact: true, customAttribution: "Natural Earth" },
        maxPitch: 0,
        dragRotate: false,
        pitchWithRotate: false,
        doubleClickZoom: false,
      });
    } catch {
      queueMicrotask(() => { setBroken(true); });
      return;
    }
    made.touchZoomRotate.disableRotation();
    made.keyboard.disableRotation();
    made.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
    made.addControl(new ScaleControl({ unit: "nautical" }), "bottom-left");
    const deck = new MapboxOverlay({
      interleaved: false,
      layers: [],
      pickingRadius: 4,
      onHover: (info) => {
        setPicked(info.picked ? info : null);
      },
      onClick: (info) => {
        if (!drawing.get()) open(info, current.current);
      },
      getCursor: ({ isHovering }) => (drawing.get() ? "crosshair" : isHovering ? "pointer" : "grab"),
    });
    made.addControl(deck);
    made.on("moveend", () => {
      const { lng, lat } = made.getCenter();
      setSeen(seenOf(made));
      look({ lon: wrap(lng), lat, zoom: made.getZoom() });
    });
    made.on("click", (event) => {
      if (!drawing.get()) return;
      const corner: Position = [event.lngLat.lng, event.lngLat.lat];
      look({ ring: [...view.get().ring, corner] });
    });
    made.on("dblclick", () => {
      drawing.set(false);
    });
    made.on("load", () => {
      setSeen(seenOf(made));
      box.current?.setAttribute("data-ready", "true");
    });
    setSeen(seenOf(made));
    setMap(made);
    setOverlay(deck);
    return () => {
      made.remove();
    };
  }, []);

  useEffect(() => {
    map?.setStyle(baseStyle(theme));
  }, [map, theme]);
  useEffect(() => {
    overlay?.setProps({ layers });
  }, [overlay, layers]);
  useEffect(() => {
    if (!map || !target) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    map.resize();
    map.fitBounds(target.bounds, { padding: 60, maxZoom: 11, duration: still ? 0 : 500 });
    flight.set(null);
  }, [map, target]);
  const someone = useStore(pictureVersion) > 0 && picture.data.n > 0;
  useEffect(() => {
    if (someone && view.get().zoom === null && view.get().lead === null) flyOver(boundsOf(lastPlaces()));
  }, [someone]);
  useKeys({
    g: () => {
      map?.getCanvas().focus();
    },
    "+": () => map?.zoomIn(),
    "-": () => map?.zoomOut(),
  });

  if (broken) return <div className="chart broken">{t("map.broken")}</div>;
  return (
    <div className={isDrawing ? "chart drawing" : "chart"}>
      <div ref={box} className="canvas" aria-label={t("map.label")} role="region" />
      {picked && <Tip info={picked} data={data} />}
    </div>
  );
}

/** Where vessels are, without the few far from all others: what a first look should show. */
function lastPlaces(): Position[] {
  const { place, n } = picture.data;
  const all = Array.from({ length: n }, (_, i): Position => [place[2 * i] ?? 0, place[2 * i + 1] ?? 0]);
  const cut = Math.floor(n / 20);
  const middle = (axis: 0 | 1) => {
    const sorted = all.map((p) => p[axis]).sort((a, b) => a - b);
    return [sorted[cut] ?? -180, sorted[n - 1 - cut] ?? 180] as const;
  };
  const [[west, east], [south, north]] = [middle(0), middle(1)];
  return all.filter(([lon, lat]) => lon >= west && lon <= east && lat >= south && lat <= north);
}

function open(info: PickingInfo, data: Columns): void {
  const vessel = pickedVessel(info, data);
  const object = info.object as Partial<Lead> | undefined;
  if (info.layer?.id === "leads" && object?.lead_id) openLead(object.lead_id);
  else if (vessel !== null) openVessel(vessel);
  else if (object?.mmsi !== undefined) openVessel(object.mmsi);
}
