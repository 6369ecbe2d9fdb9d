/** The only way to the server. Every failure is an ApiError with what to do about it. */
import { createStore } from "../app/store";
import type { Session } from "./types";

const BASE = "/api/v1";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly help: string,
    readonly reason: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(message);
  }
}

/** null: signed out; undefined: not yet known. */
export const session = createStore<Session | null | undefined>(undefined);

export type Query = Record<string, string | number | boolean | null | undefined>;

export function url(path: string, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") given.set(name, String(value));
  }
  const text = given.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const csrf = session.get()?.csrf;
  if (csrf && init.method && init.method !== "GET") headers.set("X-CSRF", csrf);
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, headers, credentials: "same-origin" });
  } catch {
    throw new ApiError(0, "unreachable", "", "unreachable");
  }
  if (answer.ok) return answer;
  const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (name: string) => (typeof body[name] === "string" ? body[name] : "");
  if (answer.status === 401 && session.get()) session.set(null);
  throw new ApiError(
    answer.status,
    text("error") || answer.statusText,
    text("help"),
    text("reason"),
    body,
  );
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method: "GET", headers: { Accept: "application/json" } };
  if (signal) init.signal = signal;
  const answer = await send(url(path, query), init);
  return (await answer.json()) as T;
}

async function mutate<T>(method: string, path: string, body: unknown): Promise<T> {
  const answer = await send(url(path), {
    method,
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const text = await answer.text();
  return (text ? JSON.parse(text) : null) as T;
}

export const post = <T>(path: string, body?: unknown) => mutate<T>("POST", path, body);
export const put = <T>(path: string, body?: unknown) => mutate<T>("PUT", path, body);
export const patch = <T>(path: string, body?: unknown) => mutate<T>("PATCH", path, body);

/** Saves an answer as a file of the reader. */
export async function download(path: string, body: unknown, name: string): Promise<Headers> {
  const answer = await send(path, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined
      ? {}
      : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(link.href);
  }, 10_000);
  return answer.headers;
}

/** Whether somebody may be enrolled, when nobody is signed in. */
export async function loadSession(): Promise<{ enrolmentOpen: boolean }> {
  try {
    session.set(await get<Session>("/session"));
    return { enrolmentOpen: false };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    session.set(null);
    return { enrolmentOpen: error.body["enrolment_open"] === true };
  }
}

export function may(...roles: string[]): boolean {
  return session.get()?.roles.some((role) => roles.includes(role)) ?? false;
}
