import { useEffect, useState } from "react";
import { download, may, post, url } from "../api/client";
import type { AreaAnswer } from "../api/types";
import { status } from "../api/stream";
import { useAnswer } from "../api/use";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { tell, tellError } from "../app/toast";
import { look, openRoom, openVessel, view as viewStore } from "../app/view";
import { number } from "../format/format";
import { Key, Name, Time } from "../format/Text";
import { polygonOf, type Position } from "../geo/longitude";
import { useText } from "../i18n";
import { drawing, show } from "../picture/scene";

const FORMATS = ["csv", "geojson", "kml", "parquet"] as const;
const H_US = 3600e6;

/** Who was in this area then: a polygon on the map, a stretch of time, a list with its total. */
export function AreaPanel() {
  const view = useStore(viewStore);
  const isDrawing = useStore(drawing);
  const { t, lang } = useText();
  const settled = useStore(status)?.settled_us ?? null;
  const middle = view.at ?? settled ?? 0;
  const [since, setSince] = useState<string | null>(null);
  const [until, setUntil] = useState<string | null>(null);
  const since_us = readUtc(since) ?? middle - 6 * H_US;
  const until_us = readUtc(until) ?? middle + (view.at === null ? 0 : 6 * H_US);
  const ready = view.ring.length > 2 && !isDrawing && until_us > since_us;
  const asked = ready
    ? { polygon: polygonOf(view.ring as Position[]), since_us, until_us }
    : null;
  const answer = useAnswer(asked ? JSON.stringify(asked) : null, () => post<AreaAnswer>("/area", asked));
  const found = answer.value;
  useEffect(() => {
    show({ found: new Set(found?.items.map((v) => v.mmsi)) });
    return () => { show({ found: new Set() }); };
  }, [found]);
  const begin = () => {
    look({ ring: [] });
    drawing.set(true);
  };
  useEffect(() => () => { drawing.set(false); }, []);
  useKeys({
    n: begin,
    Enter: isDrawing ? () => { drawing.set(false); } : undefined,
    Backspace: isDrawing ? () => { look({ ring: view.ring.slice(0, -1) }); } : undefined,
    Escape: () => { if (isDrawing) drawing.set(false); else openRoom("watch"); },
  });
  const take = async (format: (typeof FORMATS)[number]) => {
    try {
      const headers = await download(url("/area/export", { format }), asked, `area.${format}`);
      tell(t("area.exported", { n: Number(headers.get("X-Total") ?? found?.total_points ?? 0) }));
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <section className="card" aria-label={t("area.label")}>
      <header className="bar">
        <h2>{t("area.label")}</h2>
        <button type="button" className="bare" onClick={() => { openRoom("watch"); }}>
          {t("act.close")} <Key>Esc</Key>
        </button>
      </header>
      <div className="card-body">
        <p>{isDrawing ? t("area.drawing", { n: view.ring.length }) : t("area.help")}</p>
        <p className="buttons">
          <button type="button" className={view.ring.length ? "" : "primary"} onClick={begin}>
            {t("area.draw")} <Key>n</Key>
          </button>
          {isDrawing && (
            <button type="button" className="primary" disabled={view.ring.length < 3} onClick={() => { drawing.set(false); }}>
              {t("area.close")} <Key>↵</Key>
            </button>
          )}
        </p>
        <div className="fields">
          <label>
            {t("area.since")}
            <input type="datetime-local" value={since ?? utcText(since_us)} onChange={(e) => { setSince(e.target.value); }} />
          </label>
          <label>
            {t("area.until")}
            <input type="datetime-local" value={until ?? utcText(until_us)} onChange={(e) => { setUntil(e.target.value); }} />
          </label>
        </div>
        {answer.error && <p className="note bad" role="alert">{answer.error.message}. {answer.error.help}</p>}
        {answer.busy && <p className="note">{t("act.loading")}</p>}
        {found && asked && (
          <>
            <p role="status">
              <strong>{t("area.vessels", { n: found.total_vessels })}</strong>,{" "}
              {t("area.points", { n: found.total_points })}
              {found.items.length < found.total_vessels && <> · {t("area.first", { n: found.items.length })}</>}
            </p>
            {may("analyst", "reviewer", "administrator") && (
              <p className="buttons">
                {t("area.export")}{" "}
                {FORMATS.map((format) => (
                  <button key={format} type="button" onClick={() => void take(format)}>
                    {format === "geojson" ? "GeoJSON" : format === "parquet" ? "Parquet" : format.toUpperCase()}
                  </button>
                ))}
              </p>
            )}
            <table className="rows">
              <thead>
                <tr>
                  <th>{t("area.vessel")}</th>
                  <th>{t("area.first_seen")}</th>
                  <th>{t("area.last_seen")}</th>
                  <th className="number">{t("area.n_points")}</th>
                </tr>
              </thead>
              <tbody>
                {found.items.map((v) => (
                  <tr key={v.mmsi}>
                    <td>
                      <button type="button" className="link" onClick={() => { openVessel(v.mmsi); }}>
                        {v.name ? <Name text={v.name} /> : v.mmsi}
                      </button>{" "}
                      {v.name && <span className="muted">{v.mmsi}</span>}
                    </td>
                    <td><Time us={v.first_us} /></td>
                    <td><Time us={v.last_us} /></td>
                    <td className="number">{number(v.n_points, lang)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        )}
      </div>
    </section>
  );
}

/** What a datetime-local field holds, taken as UTC. */
export function readUtc(text: string | null): number | null {
  const ms = text ? Date.parse(`${text}Z`) : Number.NaN;
  return Number.isNaN(ms) ? null : ms * 1000;
}

function utcText(us: number): string {
  return us > 0 ? new Date(us / 1000).toISOString().slice(0, 16) : "";
}
