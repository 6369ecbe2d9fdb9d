/** The list of leads that is worked through, and the words said on them. */
import { ApiError, get, post } from "../api/client";
import type { Decision, Lead, LeadPage, Verdict } from "../api/types";
import { createStore } from "../app/store";
import type { View } from "../app/view";
import { show } from "../picture/scene";

export interface Queue {
  page: LeadPage | null;
  error: ApiError | null;
}

export const queue = createStore<Queue>({ page: null, error: null });
/** The verdict whose reason is being asked for. */
export const asking = createStore<Verdict | null>(null);
/** The digest that was looked at before the lead changed, and whether a decision was refused for it. */
export const changedFrom = createStore<{ digest: string; refused: boolean } | null>(null);
/** Counts up when a decision was taken. */
export const decided = createStore(0);

const AT_ONCE = 200;

export async function loadQueue(view: View): Promise<void> {
  if (view.state === "vanished") return;
  try {
    const page = await get<LeadPage>("/leads", {
      state: view.state,
      kind: view.kind,
      q: view.q,
      order: view.order,
      limit: AT_ONCE,
    });
    queue.set({ page, error: null });
    show({ leads: page.items });
  } catch (error) {
    if (error instanceof ApiError) queue.set((now) => ({ ...now, error }));
  }
}

/** The lead `step` places further; the first or the last where none is open. */
export function neighbour(leads: readonly Lead[], open: string | null, step: 1 | -1): string | null {
  const at = leads.findIndex((l) => l.lead_id === open);
  const next = at < 0 ? (step > 0 ? 0 : leads.length - 1) : at + step;
  return leads[Math.max(0, Math.min(leads.length - 1, next))]?.lead_id ?? null;
}

/** What comes after a lead that leaves the list: the one below, else the one above. */
export function afterwards(leads: readonly Lead[], decidedLead: string): string | null {
  const at = leads.findIndex((l) => l.lead_id === decidedLead);
  return (leads[at + 1] ?? leads[at - 1])?.lead_id ?? null;
}

export async function decide(
  lead: Lead,
  verdict: Verdict,
  reason: string,
  snooze_until_us: number | null = null,
): Promise<Decision> {
  const said = { digest: lead.digest, verdict, reason, ...(snooze_until_us ? { snooze_until_us } : {}) };
  const decision = await post<Decision>(`/leads/${encodeURIComponent(lead.lead_id)}/decisions`, said);
  decided.set((n) => n + 1);
  return decision;
}
