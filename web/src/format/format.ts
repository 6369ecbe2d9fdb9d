/** How values are told. Pure; the language is given. Times are microseconds UTC. */
export type Language = "en" | "fr" | "es" | "pt";

const LOCALES: Record<Language, string> = { en: "en-GB", fr: "fr-FR", es: "es-ES", pt: "pt-PT" };
const NM = "nm";

export function locale(language: Language): string {
  return LOCALES[language];
}

const made = new Map<string, Intl.DateTimeFormat>();

function dates(language: Language, name: string, options: Intl.DateTimeFormatOptions) {
  const key = `${language} ${name}`;
  let found = made.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(LOCALES[language], options);
    made.set(key, found);
  }
  return found;
}

/** 14:20 UTC on the given day. */
export function clock(us: number): string {
  return new Date(us / 1000).toISOString().slice(11, 16);
}

export function clockSeconds(us: number): string {
  return new Date(us / 1000).toISOString().slice(11, 19);
}

/** 14 Oct 2025, 17:44, in UTC. */
export function dateTime(us: number, language: Language): string {
  const options: Intl.DateTimeFormatOptions = {
    day: "2-digit",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: "UTC",
  };
  return dates(language, "long", options).format(us / 1000);
}

/** 14 Oct 17:44, in UTC: for lists of one season. */
export function shortTime(us: number, language: Language): string {
  const options: Intl.DateTimeFormatOptions = {
    day: "2-digit",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: "UTC",
  };
  return dates(language, "short", options).format(us / 1000);
}

/** In the reader's own zone, with its name: what the hover shows. */
export function localTime(us: number, language: Language): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "long" };
  return dates(language, "local", options).format(us / 1000);
}

export function number(value: number, language: Language, digits = 0): string {
  return new Intl.NumberFormat(LOCALES[language], {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  }).format(value);
}

export function percent(share: number, language: Language): string {
  const digits = share > 0 && share < 0.01 ? 1 : 0;
  return new Intl.NumberFormat(LOCALES[language], {
    style: "percent",
    maximumFractionDigits: digits,
  }).format(share);
}

/** 48° 59.40′ N 007° 18.06′ W: degrees and minutes, as charts have them. */
export function position(lat: number, lon: number): string {
  return `${angle(lat, 2, "N", "S")} ${angle(lon, 3, "E", "W")}`;
}

function angle(value: number, width: number, plus: string, minus: string): string {
  const hundredths = Math.round(Math.abs(value) * 6000);
  const degrees = String(Math.floor(hundredths / 6000)).padStart(width, "0");
  const minutes = ((hundredths % 6000) / 100).toFixed(2).padStart(5, "0");
  return `${degrees}°\u00a0${minutes}′\u00a0${value < 0 ? minus : plus}`;
}

export function speed(kn: number | null | undefined, language: Language): string {
  return kn === null || kn === undefined ? "–" : `${number(kn, language, 1)} kn`;
}

export function course(deg: number | null | undefined): string {
  if (deg === null || deg === undefined) return "–";
  return `${String(Math.round(deg) % 360).padStart(3, "0")}°`;
}

export function nauticalMiles(nm: number, language: Language): string {
  return `${number(nm, language, 1)} ${NM}`;
}

/** 45 s, 12 min, 3 h 05, 2 d 4 h. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${String(s)} s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${String(minutes)} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${String(hours)} h ${String(minutes % 60).padStart(2, "0")}`;
  return `${String(Math.floor(hours / 24))} d ${String(hours % 24)} h`;
}

/** Words for a probability, as keys of the catalogue: the yardstick of intelligence assessments. */
export type Likelihood = "remote" | "unlikely" | "possible" | "even" | "likely" | "almost";

export function likelihood(probability: number): Likelihood {
  if (probability < 0.05) return "remote";
  if (probability < 0.2) return "unlikely";
  if (probability < 0.4) return "possible";
  if (probability < 0.6) return "even";
  if (probability < 0.9) return "likely";
  return "almost";
}

/** A country by its code of two letters, or the code where it is none. */
export function country(code: string, language: Language): string {
  try {
    return new Intl.DisplayNames(LOCALES[language], { type: "region" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** Hostile text made visible: control and direction characters as their code points. */
export function shown(text: string): string {
  const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;
  return text.replace(hidden, (c) => {
    const code = (c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return `[U+${code}]`;
  });
}
