export type ReferralKind = "inspection" | "search_and_rescue" | "sanctions_alert" | "information";
export const KINDS: readonly ReferralKind[] = ["inspection", "search_and_rescue", "sanctions_alert", "information"];

export interface Approval {
  approver?: string;
  account_id?: string;
  purpose: string;
  approved_us: number;
  expires_us?: number | null;
}

export interface Referral {
  referral_id: string;
  lead_id: string;
  kind: ReferralKind;
  recipient_id: string;
  author: string;
  state: string;
  note: string;
  digest: string | null;
  content: unknown;
  created_us: number;
  approvals: Approval[];
  approvals_needed?: number;
  approvers_roles?: string[];
  deliveries?: { state: string; time_us: number; detail: string | null }[];
}

export interface Recipient {
  recipient_id: string;
  name: string;
  channel?: string;
  releasable?: string[];
}
