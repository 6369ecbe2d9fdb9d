/** What is looked at, all of it in the address: a link is a view. */
import { createStore } from "./store";

export const ROOMS = ["watch", "area", "rules", "referrals", "accounts", "ledger", "help"] as const;
export type Room = (typeof ROOMS)[number];

export const LAYERS = ["events", "zones", "coverage", "ports", "names"] as const;
export type Layer = (typeof LAYERS)[number];

export interface View {
  room: Room;
  /** The lead or the vessel whose card is open. */
  lead: string | null;
  vessel: number | null;
  referral: string | null;
  lon: number | null;
  lat: number | null;
  zoom: number | null;
  layers: readonly Layer[];
  /** The instant that is replayed; null is live. */
  at: number | null;
  /** The stretch that the time bar shows. */
  since: number | null;
  until: number | null;
  /** Which leads are listed. */
  state: string;
  kind: string;
  q: string;
  order: "rank" | "time";
  /** The drawn polygon as lon,lat pairs. */
  ring: readonly [number, number][];
  wall: boolean;
}

export const EMPTY: View = {
  room: "watch",
  lead: null,
  vessel: null,
  referral: null,
  lon: null,
  lat: null,
  zoom: null,
  layers: ["events", "zones"],
  at: null,
  since: null,
  until: null,
  state: "open",
  kind: "",
  q: "",
  order: "rank",
  ring: [],
  wall: false,
};

export function parseView(hash: string): View {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [first = "", second = ""] = path.split("/");
  const given = new URLSearchParams(query);
  const view: View = { ...EMPTY };
  if (first === "leads" || first === "vessels") {
    if (first === "leads" && second) view.lead = decodeURIComponent(second);
    if (first === "vessels" && /^\d{1,9}$/.test(second)) view.vessel = Number(second);
  } else if (ROOMS.includes(first as Room)) {
    view.room = first as Room;
    if (first === "referrals" && second) view.referral = decodeURIComponent(second);
  }
  view.lon = float(given.get("lon"));
  view.lat = float(given.get("lat"));
  view.zoom = float(given.get("z"));
  view.at = whole(given.get("at"));
  view.since = whole(given.get("since"));
  view.until = whole(given.get("until"));
  const layers = given.get("layers");
  if (layers !== null) view.layers = LAYERS.filter((name) => layers.split(".").includes(name));
  view.state = given.get("state") ?? EMPTY.state;
  view.kind = given.get("kind") ?? "";
  view.q = given.get("q") ?? "";
  view.order = given.get("order") === "time" ? "time" : "rank";
  view.wall = given.get("wall") === "1";
  view.ring = pairs(given.get("ring"));
  return view;
}

export function formatView(view: View): string {
  const given = new URLSearchParams();
  const set = (name: string, value: string | null, usual: string | null = null) => {
    if (value !== null && value !== "" && value !== usual) given.set(name, value);
  };
  set("lon", view.lon === null ? null : view.lon.toFixed(3));
  set("lat", view.lat === null ? null : view.lat.toFixed(3));
  set("z", view.zoom === null ? null : view.zoom.toFixed(2));
  set("at", view.at === null ? null : String(view.at));
  set("since", view.since === null ? null : String(view.since));
  set("until", view.until === null ? null : String(view.until));
  if (view.layers.join(".") !== EMPTY.layers.join(".")) given.set("layers", view.layers.join("."));
  set("state", view.state, EMPTY.state);
  set("kind", view.kind);
  set("q", view.q);
  set("order", view.order, EMPTY.order);
  set("wall", view.wall ? "1" : null);
  set("ring", view.ring.map(([lon, lat]) => `${lon.toFixed(3)},${lat.toFixed(3)}`).join(";"));
  const query = given.toString().replaceAll("%2C", ",").replaceAll("%3B", ";");
  return `#/${pathOf(view)}${query ? `?${query}` : ""}`;
}

function pathOf(view: View): string {
  if (view.room === "referrals" && view.referral) return `referrals/${encodeURIComponent(view.referral)}`;
  if (view.room !== "watch") return view.room;
  if (view.lead) return `leads/${encodeURIComponent(view.lead)}`;
  if (view.vessel !== null) return `vessels/${String(view.vessel)}`;
  return "watch";
}

function float(text: string | null): number | null {
  const value = Number.parseFloat(text ?? "");
  return Number.isFinite(value) ? value : null;
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : null;
}

function pairs(text: string | null): [number, number][] {
  return (text ?? "").split(";").flatMap((pair): [number, number][] => {
    const [lon, lat] = pair.split(",").map(Number.parseFloat);
    const good = lon !== undefined && lat !== undefined && Number.isFinite(lon) && Math.abs(lat) <= 90;
    return good ? [[lon, lat]] : [];
  });
}

export const view = createStore<View>(parseView(globalThis.location?.hash ?? ""));

/** Changes the view and the address; `push` makes a step that the back button undoes. */
export function look(change: Partial<View>, push = false): void {
  const next = { ...view.get(), ...change };
  const hash = formatView(next);
  view.set(next);
  if (hash === location.hash) return;
  if (push) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
}

export const openLead = (lead: string | null) => {
  look({ room: "watch", lead, vessel: null }, true);
};
export const openVessel = (vessel: number | null) => {
  look({ room: "watch", vessel, lead: null }, true);
};
export const openRoom = (room: Room) => {
  look({ room, referral: null }, true);
};

export function followAddress(): void {
  const read = () => {
    view.set(parseView(location.hash));
  };
  addEventListener("hashchange", read);
  addEventListener("popstate", read);
}
