import { describe, expect, test } from "vitest";
import { clock, course, dateTime, duration, likelihood, percent, position, shown } from "./format";

const US = Date.UTC(2025, 9, 14, 14, 20) * 1000;

test("times are UTC whatever the zone of the device", () => {
  expect(clock(US)).toBe("14:20");
  expect(dateTime(US, "en")).toContain("14:20");
  expect(dateTime(US, "fr")).toContain("oct");
});

test.each([
  [48.99, -7.301, "48°\u00a059.40′\u00a0N 007°\u00a018.06′\u00a0W"],
  [-0.5, 179.9999999, "00°\u00a030.00′\u00a0S 180°\u00a000.00′\u00a0E"],
])("%d, %d reads as on a chart", (lat, lon, expected) => {
  expect(position(lat, lon)).toBe(expected);
});

test("a course of 359.7 is north, not 360", () => {
  expect(course(359.7)).toBe("000°");
  expect(course(null)).toBe("–");
});

test.each([
  [30, "30 s"],
  [600, "10 min"],
  [29580, "8 h 13"],
  [200_000, "2 d 7 h"],
])("%d seconds are %s", (s, expected) => {
  expect(duration(s)).toBe(expected);
});

test("small probabilities are not rounded to nothing", () => {
  expect(percent(0.004, "en")).toBe("0.4%");
  expect(percent(0.983, "en")).toBe("98%");
});

test("words rise with the probability", () => {
  const words = [0.01, 0.1, 0.3, 0.5, 0.8, 0.99].map(likelihood);
  expect(words).toEqual(["remote", "unlikely", "possible", "even", "likely", "almost"]);
});

describe("hostile text", () => {
  test("shows control and direction characters instead of obeying them", () => {
    expect(shown("A\u202eB\u0000")).toBe("A[U+202E]B[U+0000]");
    expect(shown("\u200bX\ufeff")).toBe("[U+200B]X[U+FEFF]");
  });

  test("leaves names in any script alone", () => {
    expect(shown("ÅLESUND – 海洋 <b>")).toBe("ÅLESUND – 海洋 <b>");
  });
});
