import { describe, expect, test } from "vitest";
import { CATALOGUES, type Key, message, word } from "./index";

const languages = Object.keys(CATALOGUES) as (keyof typeof CATALOGUES)[];
const keys = Object.keys(CATALOGUES.en) as Key[];
const values = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]))].sort();

describe.each(languages)("%s", (language) => {
  const catalogue = CATALOGUES[language];

  test("has every message and no other", () => {
    expect(Object.keys(catalogue).sort()).toEqual([...keys].sort());
  });

  test("uses the same values as English", () => {
    for (const key of keys) expect([key, values(catalogue[key])]).toEqual([key, values(CATALOGUES.en[key])]);
  });

  test("leaves nothing empty", () => {
    for (const key of keys) expect(catalogue[key].trim(), key).not.toBe("");
  });
});

test.each(["fr", "es", "pt"] as const)("%s says most things in its own words", (language) => {
  const same = keys.filter((key) => CATALOGUES[language][key] === CATALOGUES.en[key]);
  expect(same.length).toBeLessThan(keys.length * 0.06);
});

test("one and many have their forms", () => {
  expect(message("en", "map.vessels", { n: 1 })).toBe("1 vessel");
  expect(message("en", "map.vessels", { n: 1200 })).toBe("1,200 vessels");
  expect(message("fr", "map.vessels", { n: 0 })).toBe("0 navire");
});

test("a value that nobody has a word for is shown as it is", () => {
  expect(word("en", "kind", "new_detector")).toBe("new detector");
});
