import type { Identity } from "../api/types";
import { shortSource } from "../feeds/FeedStrip";
import { country, shown } from "../format/format";
import { Name, Time } from "../format/Text";
import { useText } from "../i18n";

const FIELDS = ["name", "imo", "callsign", "flag", "ship_type", "dimensions", "destination", "draught_m"];
const W = 400;
const ROW = 14;

/** Bars of when each value was said; values that were said in the same hours stand out. */
export function Identities({ rows }: { rows: readonly Identity[] }) {
  const { t, word, lang } = useText();
  if (!rows.length) return <p className="muted">{t("dossier.no_identity")}</p>;
  const first = Math.min(...rows.map((r) => r.first_seen_us));
  const last = Math.max(...rows.map((r) => r.last_seen_us), first + 1);
  const x = (us: number) => ((us - first) / (last - first)) * W;
  const fields = [...new Set(rows.map((r) => r.field))].sort((a, b) => order(a) - order(b));
  return (
    <div className="identities">
      {fields.map((field) => (
        <section key={field}>
          <h4>{word("field", field)}</h4>
          <ul className="plain">
            {rows
              .filter((r) => r.field === field)
              .sort((a, b) => a.first_seen_us - b.first_seen_us)
              .map((r) => (
                <li key={`${r.value} ${r.source} ${String(r.first_seen_us)}`} className={r.disagrees ? "disagrees" : ""}>
                  <span>
                    <Name text={field === "flag" ? country(r.value, lang) : r.value} /> {r.disagrees && <em className="tag changed">{t("dossier.disagrees")}</em>}
                  </span>
                  <svg
                    viewBox={`0 0 ${String(W)} ${String(ROW)}`}
                    preserveAspectRatio="none"
                    role="img"
                    aria-label={t("dossier.seen", { n: r.n_seen })}
                  >
                    <line x1={0} x2={W} y1={ROW / 2} y2={ROW / 2} className="axis" />
                    <rect
                      x={Math.min(x(r.first_seen_us), W - 4)}
                      width={Math.max(4, x(r.last_seen_us) - x(r.first_seen_us))}
                      y={4}
                      height={ROW - 8}
                      rx={2}
                    />
                  </svg>
                  <span className="muted small">
                    <Time us={r.first_seen_us} /> – <Time us={r.last_seen_us} /> · {t("dossier.seen", { n: r.n_seen })} ·{" "}
                    <bdi title={shown(r.source)}>{shortSource(r.source)}</bdi>
                  </span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function order(field: string): number {
  const at = FIELDS.indexOf(field);
  return at < 0 ? FIELDS.length : at;
}
