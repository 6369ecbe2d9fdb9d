import { useState } from "react";
import type { ApiError } from "../api/client";
import type { Observation } from "../api/types";
import { clockSeconds, course, shown, speed } from "../format/format";
import { Place } from "../format/Text";
import { shortSource } from "../feeds/FeedStrip";
import { useText } from "../i18n";
import { flyTo, show } from "../picture/scene";

const FIRST = 8;

/** Every sighting that a factor stands on: one click to the map, one more to its bytes. */
export function Evidence({ observations, error }: { observations: readonly Observation[]; error: ApiError | null }) {
  const { t } = useText();
  const [all, setAll] = useState(false);
  const rows = all ? observations : observations.slice(0, FIRST);
  return (
    <>
      <h3>
        {t("card.evidence")} <span className="muted">{observations.length}</span>
      </h3>
      {error && <p className="note bad">{error.message}</p>}
      <ul className="evidence">
        {rows.map((row) => (
          <Row key={row.observation_id} row={row} />
        ))}
      </ul>
      {observations.length > rows.length && (
        <button type="button" className="link" onClick={() => { setAll(true); }}>
          {t("evidence.all", { n: observations.length })}
        </button>
      )}
    </>
  );
}

function Row({ row }: { row: Observation }) {
  const { t, lang } = useText();
  const [open, setOpen] = useState(false);
  const { lat_deg: lat, lon_deg: lon } = row;
  const point = lat === null || lon === null ? null : { lat, lon };
  return (
    <li>
      <button
        type="button"
        className="row"
        disabled={!point}
        title={t("evidence.on_map")}
        onFocus={() => { if (point) show({ mark: [point.lon, point.lat] }); }}
        onPointerEnter={() => { if (point) show({ mark: [point.lon, point.lat] }); }}
        onClick={() => {
          if (!point) return;
          show({ mark: [point.lon, point.lat] });
          flyTo(point.lon, point.lat, 0.12);
        }}
      >
        <time dateTime={new Date(row.time_us / 1000).toISOString()}>{clockSeconds(row.time_us)}</time>
        <span>{point ? <Place lat={point.lat} lon={point.lon} /> : t("evidence.static")}</span>
        <span className="number">{point ? `${speed(row.speed_kn, lang)} ${course(row.course_deg)}` : ""}</span>
      </button>
      <button
        type="button"
        className="bare source"
        aria-expanded={open}
        aria-label={t("evidence.raw")}
        onClick={() => { setOpen(!open); }}
      >
        {open ? "▾" : "▸"}
      </button>
      {open && (
        <pre>
          <span className="muted">
            {shortSource(row.source)}:{row.line}
          </span>
          {"\n"}
          <bdi>{row.raw === null ? t("evidence.no_raw") : shown(row.raw)}</bdi>
        </pre>
      )}
    </li>
  );
}
