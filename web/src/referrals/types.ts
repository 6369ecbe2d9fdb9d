import type { Micros } from "../api/types";

export type ReferralKind = "inspection" | "search_and_rescue" | "sanctions_alert" | "information";
export const KINDS: readonly ReferralKind[] = ["inspection", "search_and_rescue", "sanctions_alert", "information"];

export interface Referral {
  referral_id: string;
  kind: ReferralKind;
  state: string;
  lead_id: string;
  lead_digest: string;
  recipient_id: string;
  author: string;
  note: string;
  digest: string | null;
  created_us: Micros;
  frozen_us: Micros | null;
  ended_us: Micros | null;
  approved_by: string[];
  /** Approvals that do not count, with the reason. */
  not_counting: Record<string, string>;
  needed: number;
  roles: string[];
  ready: boolean;
  answer: Record<string, unknown>;
}

export interface ReferralAnswer {
  referral: Referral;
  content: Record<string, unknown> | null;
}

export const CHANNELS = ["folder", "webhook", "smtp", "cot"] as const;
export type Channel = (typeof CHANNELS)[number];

/** What each way out needs to know. */
export const ADDRESS: Record<Channel, readonly string[]> = {
  folder: ["folder"],
  webhook: ["url"],
  smtp: ["mailbox", "sender", "host", "port"],
  cot: ["host", "port"],
};

export interface Recipient {
  recipient_id: string;
  name: string;
  kinds: ReferralKind[];
  holds: string[];
  channel: Channel;
  address: Record<string, string | number>;
  per_day: number;
  is_active: boolean;
}
