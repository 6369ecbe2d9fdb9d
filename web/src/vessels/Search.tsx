import { useEffect, useId, useRef, useState } from "react";
import { get } from "../api/client";
import type { Page, VesselSummary } from "../api/types";
import { useAnswer } from "../api/use";
import { useKeys } from "../app/keys";
import { openVessel } from "../app/view";
import { Key, Name } from "../format/Text";
import { useText } from "../i18n";

const WAIT_MS = 150;
const SHOWN = 12;

/** A vessel by name, MMSI, IMO number or call sign. */
export function Search() {
  const { t } = useText();
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => {
    const timer = setTimeout(() => { setAsked(text.trim()); }, WAIT_MS);
    return () => { clearTimeout(timer); };
  }, [text]);
  const answer = useAnswer(asked.length > 1 ? `vessels ${asked}` : null, (signal) =>
    get<Page<VesselSummary>>("/vessels", { q: asked, limit: SHOWN }, signal),
  );
  useKeys({
    "/": () => {
      field.current?.focus();
      field.current?.select();
    },
  });
  const found = asked.length > 1 ? (answer.value?.items ?? []) : [];
  const choose = (vessel: VesselSummary | undefined) => {
    if (!vessel) return;
    setOpen(false);
    setText("");
    field.current?.blur();
    openVessel(vessel.mmsi);
  };
  const shownNow = open && asked.length > 1;
  return (
    <div className="search">
      <input
        ref={field}
        type="search"
        role="combobox"
        aria-expanded={shownNow}
        aria-controls={list}
        aria-activedescendant={shownNow && found[at] ? `${list}-${String(at)}` : undefined}
        aria-label={t("search.label")}
        placeholder={t("search.placeholder")}
        value={text}
        autoComplete="off"
        spellCheck={false}
        onFocus={() => { setOpen(true); }}
        onBlur={() => { setOpen(false); }}
        onChange={(e) => {
          setText(e.target.value);
          setAt(0);
          setOpen(true);
        }}
        onKeyDown={(e) => {
          if (e.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
          else if (e.key === "ArrowUp") setAt(Math.max(at - 1, 0));
          else if (e.key === "Enter") choose(found[at]);
          else if (e.key === "Escape") field.current?.blur();
          else return;
          e.preventDefault();
        }}
      />
      <Key>/</Key>
      <ul id={list} role="listbox" aria-label={t("search.label")} className="pop" hidden={!shownNow || !found.length}>
        {found.map((v, i) => (
          <li
            key={v.mmsi}
            id={`${list}-${String(i)}`}
            role="option"
            aria-selected={i === at}
            onPointerDown={(e) => {
              e.preventDefault();
              choose(v);
            }}
          >
            {v.name ? <Name text={v.name} /> : v.mmsi}{" "}
            <span className="muted">
              {v.mmsi} {v.flag} {v.imo ? `IMO ${String(v.imo)}` : ""} {v.callsign}
            </span>
          </li>
        ))}
      </ul>
      {shownNow && answer.value && !found.length && (
        <div className="pop" role="status">
          {t("search.none")}
        </div>
      )}
      {shownNow && answer.value && answer.value.total > found.length && (
        <span className="more">{t("search.more", { n: answer.value.total })}</span>
      )}
    </div>
  );
}
