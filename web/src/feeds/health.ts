import type { Feed, Status } from "../api/types";

/** Whether nothing is heard at all although something should be: every feed is dead. */
export function silent(status: Status | null): boolean {
  const due = (status?.feeds ?? []).filter((f) => f.state !== "ended" && f.state !== "waiting");
  return due.length > 0 && due.every((f) => f.state === "dead");
}

export function deadFeeds(status: Status | null): Feed[] {
  return (status?.feeds ?? []).filter((f) => f.state === "dead");
}

/** The rate as a share of the expected one, 0 to 1; null where nothing is expected. */
export function share(feed: Feed): number | null {
  if (feed.expected_per_min === null || feed.expected_per_min <= 0) return null;
  return Math.max(0, Math.min(1, (feed.rate_per_min ?? 0) / feed.expected_per_min));
}

export function rejected(feed: Feed): number {
  return Object.values(feed.rejects).reduce((sum, n) => sum + n, 0);
}
