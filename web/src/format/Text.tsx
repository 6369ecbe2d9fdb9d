import { memo, type ReactNode } from "react";
import { useText } from "../i18n";
import { clock, dateTime, localTime, position, shortTime, shown } from "./format";

/** A name as the vessel sent it: text of a stranger, kept apart from the direction of ours. */
export const Name = memo(function Name({ text }: { text: string }) {
  return (
    <bdi className="name" translate="no">
      {shown(text)}
    </bdi>
  );
});

/** Sentences of the server are in English whatever the language of the page. */
export function Sentence({ text }: { text: string }) {
  return (
    <bdi lang="en" className="sentence">
      {shown(text)}
    </bdi>
  );
}

export function Time({ us, form = "short" }: { us: number; form?: "short" | "long" | "clock" }) {
  const { lang } = useText();
  const told = form === "clock" ? clock(us) : form === "long" ? dateTime(us, lang) : shortTime(us, lang);
  return (
    <time dateTime={new Date(us / 1000).toISOString()} title={localTime(us, lang)} className="time">
      {told}
      {form === "long" ? " UTC" : ""}
    </time>
  );
}

export function Place({ lat, lon }: { lat: number; lon: number }) {
  return <span className="place">{position(lat, lon)}</span>;
}

export function Key({ children }: { children: ReactNode }) {
  return <kbd aria-hidden="true">{children}</kbd>;
}
