import { get } from "../api/client";
import type { Page } from "../api/types";
import { useAnswer } from "../api/use";
import { openVessel } from "../app/view";
import { Sentence } from "../format/Text";
import { useText } from "../i18n";

interface Gone {
  lead_id: string;
  reason: string;
  change: string;
  digest: string | null;
  title: string | null;
  mmsi: number | null;
}

/** Leads that were taken back, and why: nothing goes without a word. */
export function Vanished() {
  const { t } = useText();
  const { value, error } = useAnswer("vanished", (signal) => get<Page<Gone>>("/leads/vanished", { limit: 200 }, signal));
  if (error) return <p className="note bad" role="alert">{error.message}. {error.help}</p>;
  if (value?.total === 0) return <p className="note empty">{t("vanished.none")}</p>;
  return (
    <ol className="leads">
      {(value?.items ?? []).map((gone) => (
        <li key={`${gone.lead_id} ${gone.digest ?? ""}`} className="gone">
          <Sentence text={gone.title ?? gone.lead_id} />{" "}
          {gone.mmsi !== null && (
            <button type="button" className="link" onClick={() => { openVessel(gone.mmsi); }}>
              {gone.mmsi}
            </button>
          )}
          <p className="muted">
            <Sentence text={gone.reason} />
          </p>
        </li>
      ))}
    </ol>
  );
}
