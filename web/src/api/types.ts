/** What the server answers, under /api/v1. Times are microseconds UTC; 64-bit ids are text. */
export type Micros = number;

export interface Page<T> {
  total: number;
  next: string | null;
  items: T[];
}

export type Role = "viewer" | "analyst" | "reviewer" | "administrator" | "service";

export interface Session {
  account_id: string;
  handle: string;
  roles: Role[];
  markings: string[];
  csrf: string;
  needs_enrolment: boolean;
  method: string;
  expires_us: Micros;
}

export interface Account {
  account_id: string;
  handle: string;
  roles: Role[];
  markings: string[];
  state: string;
  created_us: Micros;
  expires_us: Micros | null;
  revoked_us: Micros | null;
}

export type FeedState = "live" | "slow" | "dead" | "ended" | "waiting";

export interface Feed {
  source: string;
  kind: string;
  state: FeedState;
  rate_per_min: number | null;
  expected_per_min: number | null;
  delay_s: number | null;
  last_received_us: Micros | null;
  n_lines: number;
  n_rows: number;
  rejects: Record<string, number>;
}

export interface StopSwitch {
  pulled: boolean;
  since_us: Micros | null;
  by: string | null;
}

export interface Status {
  now_us: Micros;
  settled_us: Micros | null;
  started_us: Micros;
  feeds: Feed[];
  counts: Record<string, number>;
  stop_switch: StopSwitch | null;
  version: string;
}

export type LeadState = "open" | "approved" | "rejected" | "snoozed" | "need_more" | "silenced";

export interface Lead {
  lead_id: string;
  mmsi: number;
  name: string | null;
  title: string;
  probability: number;
  log_odds: number;
  start_us: Micros;
  end_us: Micros;
  time_us: Micros;
  lat_deg: number | null;
  lon_deg: number | null;
  kinds: string[];
  state: LeadState;
  digest: string;
  rank: number | null;
  markings: string[];
  changed_since_decision: boolean;
}

export interface Cut {
  n: number;
  best_probability: number | null;
  n_below: number;
  probability_min: number;
  n_silenced: number;
  n_absorbed: number;
}

export interface LeadPage extends Page<Lead> {
  cut: Cut;
  budget: { at_most: number; watch_h: number };
}

export interface Factor {
  name: string;
  log_odds: number;
  detail: string;
  evidence: string[];
  of: string;
  since_us: Micros | null;
  weight_cap?: number | null;
  innocent: boolean;
}

export interface Event {
  event_id: string;
  kind: string;
  version?: number;
  time_us: Micros;
  start_us: Micros;
  end_us: Micros | null;
  lat_deg: number | null;
  lon_deg: number | null;
  mmsi: number;
  track_id: string | null;
  other_mmsi: number | null;
  confidence: number;
  detail: string;
  measures?: unknown;
  evidence?: string[];
}

export interface Link {
  link_id: string;
  claim_source: string;
  probability: number;
  detail: string;
  time_us: Micros;
}

export type Verdict = "approve" | "reject" | "need_more" | "snooze" | "reopen";

export interface Decision {
  decision_id: string;
  lead_id: string;
  digest: string;
  verdict: Verdict;
  reviewer: string;
  reason: string;
  decided_us: Micros;
  snooze_until_us?: Micros | null;
}

export interface Version {
  digest: string;
  time_us: Micros;
  reason: string | null;
  probability: number;
}

export interface LeadCard {
  lead: Lead;
  factors: Factor[];
  prior_log_odds: number;
  events: Event[];
  links: Link[];
  decisions: Decision[];
  versions: Version[];
  would_go_away: string[];
}

export interface Observation {
  observation_id: string;
  time_us: Micros;
  lat_deg: number | null;
  lon_deg: number | null;
  speed_kn: number | null;
  course_deg: number | null;
  source: string;
  line: number;
  raw: string | null;
}

export interface Identity {
  field: string;
  value: string;
  first_seen_us: Micros;
  last_seen_us: Micros;
  n_seen: number;
  source: string;
  disagrees: boolean;
}

export interface VesselSummary {
  mmsi: number;
  name: string | null;
  imo?: number | string | null;
  callsign?: string | null;
  flag?: string | null;
}

export interface Dossier {
  mmsi: number;
  flag: string | null;
  station_class: string | null;
  identities: Identity[];
  tracks: { track_id: string; start_us: Micros; end_us: Micros; n_points: number }[];
  events: Event[];
  links: Link[];
  leads: Lead[];
  stops: { start_us: Micros; end_us: Micros | null; lat_deg: number; lon_deg: number; port?: string | null }[];
  last: Record<string, unknown> | null;
}

export interface TrackPoints {
  total: number;
  track_id: string[];
  time_us: Micros[];
  lat_deg: number[];
  lon_deg: number[];
  speed_kn: (number | null)[];
  course_deg: (number | null)[];
  observation_id: string[];
  source: string[];
}

export interface Timeline {
  since_us: Micros;
  until_us: Micros;
  bins: { since_us: Micros; n_messages: number; n_events: number; n_leads: number }[];
}

export interface AreaVessel {
  mmsi: number;
  name: string | null;
  first_us: Micros;
  last_us: Micros;
  n_points: number;
}

export interface AreaAnswer {
  total_vessels: number;
  total_points: number;
  items: AreaVessel[];
  next: string | null;
}

export interface RuleField {
  name: string;
  type: string;
  unit: string | null;
  value: number | boolean | string | null;
  default: number | boolean | string | null;
  minimum?: number | null;
  doc: string | null;
}

export interface Rule {
  rule_id: string;
  target: string;
  fields: RuleField[];
  expires_us: Micros | null;
  changed_by: string | null;
  version: number | string;
}

export interface DryRunLead {
  lead_id: string;
  mmsi: number;
  title: string;
  probability: number;
  probability_before: number | null;
  why: string | null;
}

export interface DryRun {
  added: DryRunLead[];
  removed: DryRunLead[];
  changed: DryRunLead[];
}
