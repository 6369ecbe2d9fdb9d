import { language } from "../app/prefs";
import { useStore } from "../app/store";
import type { Language } from "../format/format";
import { locale } from "../format/format";
import { en } from "./en";
import { es } from "./es";
import { fr } from "./fr";
import { pt } from "./pt";

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;
export type Values = Record<string, string | number>;
export type T = (key: Key, values?: Values) => string;

export const CATALOGUES: Record<Language, Catalogue> = { en, fr, es, pt };

/** `{n}` stands for a value. A message with forms has them as `one | many`, chosen by `n`. */
export function message(language: Language, key: Key, values: Values = {}): string {
  const forms = CATALOGUES[language][key].split(" | ");
  const n = values["n"];
  const count = typeof n === "number" ? n : Number.NaN;
  const one = new Intl.PluralRules(locale(language)).select(count) === "one";
  const form = (forms.length > 1 && !one ? forms[1] : forms[0]) ?? key;
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number"
      ? new Intl.NumberFormat(locale(language)).format(value)
      : value;
  });
}

export function useText(): { t: T; word: (group: string, value: string) => string; lang: Language } {
  const lang = useStore(language);
  return {
    lang,
    t: (key, values) => message(lang, key, values),
    word: (group, value) => word(lang, group, value),
  };
}

/** The word for a value of an open list (kinds, reasons), or the value itself where none is known. */
export function word(language: Language, group: string, value: string): string {
  const found = (CATALOGUES[language] as Record<string, string>)[`${group}.${value}`];
  return found ?? value.replaceAll("_", " ");
}
