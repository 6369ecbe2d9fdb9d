import { expect, test } from "vitest";
import type { Feed, Lead, Status } from "../api/types";
import { share, silent } from "../feeds/health";
import { closest, niceTop } from "./Chart";
import { signed } from "./Factors";
import { afterwards, neighbour } from "./queue";

const leads = ["a", "b", "c"].map((lead_id) => ({ lead_id })) as Lead[];

test("next and previous stop at the ends", () => {
  expect(neighbour(leads, null, 1)).toBe("a");
  expect(neighbour(leads, null, -1)).toBe("c");
  expect(neighbour(leads, "b", 1)).toBe("c");
  expect(neighbour(leads, "c", 1)).toBe("c");
  expect(neighbour([], null, 1)).toBeNull();
});

test("after a decision the lead below is next, after the last the one above", () => {
  expect(afterwards(leads, "a")).toBe("b");
  expect(afterwards(leads, "c")).toBe("b");
  expect(afterwards(leads.slice(0, 1), "a")).toBeNull();
});

test("the chart finds the nearest time and a round top", () => {
  expect(closest([0, 10, 20], 14)).toBe(1);
  expect(closest([0, 10, 20], 99)).toBe(2);
  expect([0.3, 1, 7, 11, 450].map(niceTop)).toEqual([0.5, 1, 10, 20, 500]);
  expect(signed(-2.51, "en")).toBe("−2.5");
});

const feed = (state: Feed["state"], rate = 0, expected: number | null = 100) =>
  ({ state, rate_per_min: rate, expected_per_min: expected }) as Feed;
const status = (...feeds: Feed[]) => ({ feeds }) as Status;

test("the sea is silent when every feed that should speak is dead", () => {
  expect(silent(status(feed("dead"), feed("ended")))).toBe(true);
  expect(silent(status(feed("dead"), feed("live")))).toBe(false);
  expect(silent(status(feed("ended")))).toBe(false);
  expect(silent(null)).toBe(false);
});

test("a rate is a share of what is due, where anything is due", () => {
  expect(share(feed("live", 50))).toBe(0.5);
  expect(share(feed("live", 500))).toBe(1);
  expect(share(feed("live", 5, null))).toBeNull();
});
