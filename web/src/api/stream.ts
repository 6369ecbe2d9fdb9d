/** The live stream, and the few stores that it feeds. */
import { createStore } from "../app/store";
import { get, session } from "./client";
import type { Micros, Status } from "./types";

export interface Positions {
  mmsi: number[];
  lat_deg: number[];
  lon_deg: number[];
  course_deg: (number | null)[];
  heading_deg: (number | null)[];
  speed_kn: (number | null)[];
  time_us: Micros[];
  received_us: Micros[];
}

export type Connection = "connecting" | "open" | "lost";

export const connection = createStore<Connection>("connecting");
export const status = createStore<Status | null>(null);
/** Counts up when leads changed. */
export const leadsChanged = createStore(0);

/** Follows the stream until the returned function is called. The browser reconnects by itself;
 * where the server refused for good, this tries again every five seconds. `onLost` is called when
 * rows may have been missed. */
export function follow(onPositions: (rows: Positions) => void, onLost: () => void): () => void {
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const open = () => {
    source = new EventSource("/api/v1/picture/stream");
    source.onopen = () => {
      if (connection.get() === "lost") onLost();
      connection.set("open");
    };
    source.onerror = () => {
      connection.set("lost");
      if (source?.readyState === EventSource.CLOSED) again = setTimeout(open, 5000);
    };
    on(source, "positions", onPositions);
    on<Status>(source, "status", status.set);
    on<unknown>(source, "resync", onLost);
    on<unknown>(source, "signed_out", () => {
      session.set(null);
    });
    on<unknown>(source, "leads", () => {
      leadsChanged.set((n) => n + 1);
    });
    on<{ settled_us: Micros }>(source, "settled", ({ settled_us }) => {
      status.set((now) => now && { ...now, settled_us });
    });
  };
  open();
  return () => {
    clearTimeout(again);
    source?.close();
    connection.set("connecting");
  };
}

function on<T>(source: EventSource, name: string, act: (data: T) => void): void {
  source.addEventListener(name, (event) => {
    connection.set("open");
    act(JSON.parse((event as MessageEvent<string>).data) as T);
  });
}

export async function loadStatus(): Promise<void> {
  status.set(await get<Status>("/status"));
}
