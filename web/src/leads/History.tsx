import { useState } from "react";
import { get } from "../api/client";
import type { Factor, LeadCard } from "../api/types";
import { useAnswer } from "../api/use";
import { useStore } from "../app/store";
import { percent, shown } from "../format/format";
import { Sentence, Time } from "../format/Text";
import { useText } from "../i18n";
import { signed } from "./Factors";
import { changedFrom } from "./queue";

/** What was said and how the lead came to be as it is; two versions side by side. */
export function History({ card }: { card: LeadCard }) {
  const { t, lang } = useText();
  const changed = useStore(changedFrom);
  const [picked, setPicked] = useState<string | null>(null);
  const meanwhile = changed !== null && changed.digest !== card.lead.digest;
  const before = meanwhile ? changed.digest : picked;
  return (
    <>
      {card.decisions.length > 0 && (
        <>
          <h3>{t("card.decisions")}</h3>
          <ul className="plain">
            {card.decisions.map((d) => (
              <li key={d.decision_id}>
                <Time us={d.decided_us} /> <strong>{t(`verdict.${d.verdict}`)}</strong> <bdi>{shown(d.reviewer)}</bdi>:{" "}
                <bdi>{shown(d.reason)}</bdi>
                {d.digest !== card.lead.digest && <em className="tag changed">{t("history.other_version")}</em>}
              </li>
            ))}
          </ul>
        </>
      )}
      {card.versions.length > 1 && (
        <>
          <h3>{t("card.versions")}</h3>
          <ul className="plain">
            {card.versions.map((v) => (
              <li key={v.digest}>
                <Time us={v.time_us} /> {percent(v.probability, lang)} {v.reason && <Sentence text={v.reason} />}{" "}
                {v.digest === card.lead.digest ? (
                  <em className="tag">{t("history.current")}</em>
                ) : (
                  <button type="button" className="link" onClick={() => { setPicked(v.digest); }}>
                    {t("history.compare")}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
      {before !== null && (
        <SideBySide
          card={card}
          before={before}
          meanwhile={meanwhile}
          refused={meanwhile && changed.refused}
          leave={() => {
            setPicked(null);
            changedFrom.set(null);
          }}
        />
      )}
    </>
  );
}

interface SideProps {
  card: LeadCard;
  before: string;
  meanwhile: boolean;
  refused: boolean;
  leave: () => void;
}

function SideBySide({ card, before, meanwhile, refused, leave }: SideProps) {
  const { t } = useText();
  const path = `/leads/${encodeURIComponent(card.lead.lead_id)}/versions/${encodeURIComponent(before)}`;
  const old = useAnswer(path, (signal) => get<LeadCard>(path, {}, signal));
  return (
    <div className="changed" role="alertdialog" aria-label={t("history.changed")}>
      <h3>{meanwhile ? t("history.changed") : t("history.compare")}</h3>
      {refused && <p>{t("history.look_again")}</p>}
      {old.error && <p className="note bad">{old.error.message}</p>}
      <div className="two">
        <Side title={t("history.before")} card={old.value} other={card} />
        <Side title={t("history.now")} card={card} other={old.value} />
      </div>
      <button type="button" onClick={leave} autoFocus={meanwhile}>
        {meanwhile ? t("history.understood") : t("act.close")}
      </button>
    </div>
  );
}

const same = (a: Factor, b: Factor) => a.name === b.name && a.detail === b.detail && a.log_odds === b.log_odds;

function Side({ title, card, other }: { title: string; card: LeadCard | null; other: LeadCard | null }) {
  const { lang, word } = useText();
  if (!card) return <div />;
  return (
    <div>
      <h4>
        {title} <b>{percent(card.lead.probability, lang)}</b>
      </h4>
      <ul className="plain">
        {card.factors.map((f, i) => {
          const kept = other?.factors.some((g) => same(f, g)) ?? true;
          return (
            <li key={`${f.name} ${String(i)}`} className={kept ? "kept" : "differs"}>
              {!kept && <span aria-hidden="true">≠ </span>}
              {signed(f.log_odds, lang)} {word("kind", f.name)}
              {!kept && (
                <div>
                  <Sentence text={f.detail} />
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
