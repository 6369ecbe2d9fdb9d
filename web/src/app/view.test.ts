import { expect, test } from "vitest";
import { EMPTY, formatView, parseView, type View } from "./view";

const full: View = {
  ...EMPTY,
  lead: "lead-1/ä?#",
  lon: -7.123,
  lat: 49.5,
  zoom: 8.25,
  layers: ["coverage"],
  at: 1760452690000000,
  since: 1760400000000000,
  until: 1760500000000000,
  state: "all",
  kind: "gap",
  q: "a&b=c",
  order: "time",
  ring: [
    [179.5, 1],
    [-179.5, 2.25],
  ],
  wall: true,
};

test("a view survives its address", () => {
  expect(parseView(formatView(full))).toEqual(full);
});

test.each(["area", "rules", "referrals", "accounts", "ledger", "help"] as const)("the page %s has an address", (room) => {
  expect(parseView(formatView({ ...EMPTY, room }))).toEqual({ ...EMPTY, room });
});

test("a vessel has an address; one that is no MMSI is ignored", () => {
  expect(parseView("#/vessels/613571970").vessel).toBe(613571970);
  expect(parseView("#/vessels/<script>").vessel).toBeNull();
});

test("an address that means nothing is the watch", () => {
  expect(parseView("")).toEqual(EMPTY);
  expect(parseView("#/nonsense?z=abc&at=-1&ring=1;2,x;5,99")).toEqual(EMPTY);
});
