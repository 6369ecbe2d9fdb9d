/** What a person likes: language and theme. Kept in this browser only. */
import type { Language } from "../format/format";
import { createStore, type Store } from "./store";

export type Theme = "dark" | "light";
export const LANGUAGES: readonly Language[] = ["en", "fr", "es", "pt"];

export const language = kept<Language>("language", LANGUAGES, firstLanguage);
export const theme = kept<Theme>("theme", ["dark", "light"], firstTheme);

function kept<T extends string>(name: string, values: readonly T[], first: () => T): Store<T> {
  const key = `fairlead.${name}`;
  const before = read(key);
  const store = createStore<T>(values.includes(before as T) ? (before as T) : first());
  store.listen(() => {
    try {
      localStorage.setItem(key, store.get());
    } catch {
      // a browser that keeps nothing: the choice lasts as long as the page
    }
  });
  return store;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function firstLanguage(): Language {
  const wanted = (globalThis.navigator?.languages ?? []).map((tag) => tag.slice(0, 2));
  return (wanted.find((tag) => LANGUAGES.includes(tag as Language)) as Language | undefined) ?? "en";
}

/** Dark unless the device asks for light in the daytime: a bridge at night is the usual place. */
function firstTheme(): Theme {
  const hour = new Date().getHours();
  const light = globalThis.matchMedia?.("(prefers-color-scheme: light)").matches ?? false;
  return light && hour >= 7 && hour < 19 ? "light" : "dark";
}

export function applyPreferences(): void {
  const apply = () => {
    document.documentElement.dataset["theme"] = theme.get();
    document.documentElement.lang = language.get();
  };
  apply();
  theme.listen(apply);
  language.listen(apply);
}
