import { useEffect, useRef } from "react";
import { get } from "../api/client";
import { leadsChanged } from "../api/stream";
import type { Factor, LeadCard, Page, Observation, TrackPoints } from "../api/types";
import { useAnswer } from "../api/use";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { openLead, openVessel } from "../app/view";
import { likelihood, percent } from "../format/format";
import { Key, Name, Place, Sentence, Time } from "../format/Text";
import type { Position } from "../geo/longitude";
import { boundsOf } from "../geo/longitude";
import { useText } from "../i18n";
import { EMPTY_SCENE, flyOver, flyTo, show } from "../picture/scene";
import { ReferFrom } from "../referrals/ReferFrom";
import { loadTrack } from "../vessels/track";
import { WhyAllowed } from "../access/Policies";
import { Attachments } from "./Attachments";
import { Chart } from "./Chart";
import { Decide } from "./Decide";
import { Evidence } from "./Evidence";
import { Factors } from "./Factors";
import { History } from "./History";
import { changedFrom, decided } from "./queue";

const AROUND_US = 6 * 3600e6;

export function Card({ id }: { id: string }) {
  const changes = useStore(leadsChanged);
  const words = useStore(decided);
  const { t } = useText();
  const path = `/leads/${encodeURIComponent(id)}`;
  const { value: card, error } = useAnswer(`${path} ${String(changes)} ${String(words)}`, (signal) =>
    get<LeadCard>(path, {}, signal),
  );
  useKeys({ Escape: () => { openLead(null); } });
  if (error && (!card || card.lead.lead_id !== id)) {
    return (
      <Shell label={t("card.label")}>
        <p className="note bad" role="alert">
          {error.status === 404 ? t("card.gone") : `${error.message}. ${error.help}`}
        </p>
      </Shell>
    );
  }
  if (!card || card.lead.lead_id !== id) return <Shell label={t("card.label")}><p className="note">{t("act.loading")}</p></Shell>;
  return <Opened key={id} card={card} />;
}

function Shell({ label, children }: { label: string; children: React.ReactNode }) {
  const { t } = useText();
  return (
    <section className="card" aria-label={label}>
      <header className="bar">
        <h2>{label}</h2>
        <button type="button" className="bare" onClick={() => { openLead(null); }}>
          {t("act.close")} <Key>Esc</Key>
        </button>
      </header>
      {children}
    </section>
  );
}

function Opened({ card }: { card: LeadCard }) {
  const { lead } = card;
  const { t, word, lang } = useText();
  const seen = useRef(lead.digest);
  useEffect(() => {
    const before = seen.current;
    seen.current = lead.digest;
    if (before !== lead.digest) changedFrom.set((now) => now ?? { digest: before, refused: false });
  }, [lead.digest]);
  const track = useAnswer(`track ${lead.lead_id} ${lead.digest}`, (signal) =>
    loadTrack(lead.mmsi, lead.start_us - AROUND_US, lead.end_us + AROUND_US, signal),
  );
  const chain = useAnswer(`evidence ${lead.lead_id} ${lead.digest}`, (signal) =>
    get<Partial<Page<Observation>> & { observations?: Observation[] }>(
      `/leads/${encodeURIComponent(lead.lead_id)}/evidence`,
      {},
      signal,
    ),
  );
  const observations = chain.value?.observations ?? chain.value?.items ?? [];
  const points: TrackPoints | null = track.value;
  useEffect(() => {
    show({ tracks: points ? [points] : [], events: card.events });
    return () => {
      const { tracks, events, evidence, mark } = EMPTY_SCENE;
      show({ tracks, events, evidence, mark });
    };
  }, [points, card.events]);
  const place: Position | null = lead.lat_deg === null || lead.lon_deg === null ? null : [lead.lon_deg, lead.lat_deg];
  const showFactor = (factor: Factor) => {
    const wanted = new Set(factor.evidence.map(String));
    const seen = observations.filter((o) => wanted.has(o.observation_id));
    const places = (seen.length ? seen : observations).flatMap((o): Position[] =>
      o.lat_deg === null || o.lon_deg === null ? [] : [[o.lon_deg, o.lat_deg]],
    );
    show({ evidence: places });
    const bounds = boundsOf(places);
    if (bounds) flyOver(bounds);
    else if (place) flyTo(place[0], place[1]);
  };
  return (
    <section className="card" aria-label={t("card.label")}>
      <header className="bar">
        <h2>
          {lead.name ? <Name text={lead.name} /> : lead.mmsi}{" "}
          <button type="button" className="link" onClick={() => { openVessel(lead.mmsi); }}>
            {lead.mmsi}
          </button>
        </h2>
        <button type="button" className="bare" onClick={() => { openLead(null); }}>
          {t("act.close")} <Key>Esc</Key>
        </button>
      </header>
      <div className="card-body" tabIndex={0} role="region" aria-label={t("card.grounds")}>
        <div className="verdict-line">
          <span className="big">{percent(lead.probability, lang)}</span>
          <span>
            <strong>{t(`likely.${likelihood(lead.probability)}`)}</strong>
            <span className="muted"> {t("card.meaning", { n: Math.round(lead.probability * 100) })}</span>
          </span>
        </div>
        <p className="headline">{lead.kinds.map((kind) => word("kind", kind)).join(", ")}</p>
        <p className="muted">
          <Time us={lead.start_us} form="long" /> – <Time us={lead.end_us} form="clock" />
          {place && (
            <>
              {" · "}
              <button type="button" className="link" onClick={() => { flyTo(place[0], place[1]); }}>
                <Place lat={place[1]} lon={place[0]} />
              </button>
            </>
          )}
          {lead.markings.length > 0 && <span className="markings"> {lead.markings.join(" ")}</span>}{" "}
          <WhyAllowed action="see" resource={lead.lead_id} />
        </p>
        <h3>{t("card.why")}</h3>
        <Factors card={card} onShow={showFactor} />
        <h3>{t("card.chart")}</h3>
        {points ? <Chart points={points} place={place} shaded={[lead.start_us, lead.end_us]} /> : <p className="muted">{t("act.loading")}</p>}
        {points && points.total > points.time_us.length && (
          <p className="muted">{t("track.thinned", { shown: points.time_us.length, total: points.total })}</p>
        )}
        <h3>{t("card.go_away")}</h3>
        <ul className="plain">
          {card.would_go_away.map((text) => (
            <li key={text}>
              <Sentence text={text} />
            </li>
          ))}
        </ul>
        <Evidence observations={observations} error={chain.error} />
        {card.links.length > 0 && (
          <>
            <h3>{t("dossier.links")}</h3>
            <ul className="plain">
              {card.links.map((link) => (
                <li key={link.link_id}>
                  {percent(link.probability, lang)} <Sentence text={link.detail} />{" "}
                  <span className="muted"><Name text={link.claim_source} /></span>
                </li>
              ))}
            </ul>
          </>
        )}
        <Attachments lead={lead.lead_id} />
        <History card={card} />
        <ReferFrom lead={lead} />
      </div>
      <Decide card={card} />
    </section>
  );
}
