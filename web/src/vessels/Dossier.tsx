import { useEffect } from "react";
import { get, url } from "../api/client";
import type { Dossier as DossierOf, Event } from "../api/types";
import { useAnswer } from "../api/use";
import { useKeys } from "../app/keys";
import { openLead, openVessel } from "../app/view";
import { country, duration, number, percent } from "../format/format";
import { Key, Name, Place, Sentence, Time } from "../format/Text";
import { boundsOf, type Position } from "../geo/longitude";
import { useText } from "../i18n";
import { EMPTY_SCENE, flyOver, flyTo, show } from "../picture/scene";
import { Chart } from "../leads/Chart";
import { Identities } from "./Identities";
import { loadTrack } from "./track";

const MOST_EVENTS = 40;

export function Dossier({ mmsi }: { mmsi: number }) {
  const { t, lang } = useText();
  const path = `/vessels/${String(mmsi)}`;
  const { value, error } = useAnswer(path, (signal) => get<DossierOf>(path, {}, signal));
  const track = useAnswer(`track ${path}`, (signal) => loadTrack(mmsi, null, null, signal));
  const points = track.value;
  useKeys({ Escape: () => { openVessel(null); } });
  useEffect(() => {
    show({ tracks: points ? [points] : [], events: value?.events ?? [] });
    return () => { show({ tracks: [], events: [], mark: EMPTY_SCENE.mark }); };
  }, [points, value]);
  const name = value?.identities.filter((i) => i.field === "name").sort((a, b) => b.last_seen_us - a.last_seen_us)[0]?.value;
  const whole = () => {
    flyOver(boundsOf((points?.lon_deg ?? []).map((lon, i): Position => [lon, points?.lat_deg[i] ?? 0])));
  };
  return (
    <section className="card" aria-label={t("dossier.label")}>
      <header className="bar">
        <h2>
          {name ? <Name text={name} /> : mmsi} <span className="muted">{name ? mmsi : ""} {value?.flag && country(value.flag, lang)}</span>
        </h2>
        <button type="button" className="bare" onClick={() => { openVessel(null); }}>
          {t("act.close")} <Key>Esc</Key>
        </button>
      </header>
      <div className="card-body" tabIndex={0} role="region" aria-label={t("dossier.label")}>
        {error && <p className="note bad" role="alert">{error.status === 404 ? t("dossier.unknown") : error.message}</p>}
        {value && (
          <>
            <h3>{t("dossier.leads")}</h3>
            {value.leads.length === 0 && <p className="muted">{t("dossier.no_leads")}</p>}
            <ul className="plain">
              {value.leads.map((lead) => (
                <li key={lead.lead_id}>
                  <button type="button" className="link" onClick={() => { openLead(lead.lead_id); }}>
                    {percent(lead.probability, lang)} <Sentence text={lead.title} />
                  </button>
                </li>
              ))}
            </ul>
            <h3>{t("dossier.identity")}</h3>
            <Identities rows={value.identities} />
            <h3>
              {t("dossier.track")}{" "}
              <button type="button" className="link" onClick={whole}>
                {t("dossier.whole")}
              </button>
            </h3>
            {points && (
              <>
                <Chart points={points} place={null} shaded={[0, 0]} />
                <p className="muted">
                  {t("dossier.points", { n: points.total })}
                  {points.total > points.time_us.length &&
                    ` · ${t("track.thinned", { shown: points.time_us.length, total: points.total })}`}{" "}
                  <a href={url(`${path}/track`, { format: "geojson" })} download={`track-${String(mmsi)}.geojson`}>
                    GeoJSON
                  </a>
                </p>
              </>
            )}
            <h3>
              {t("dossier.events")} <span className="muted">{number(value.events.length, lang)}</span>
            </h3>
            <ul className="plain">
              {value.events.slice(0, MOST_EVENTS).map((event) => (
                <EventRow key={event.event_id} event={event} />
              ))}
            </ul>
            {value.events.length > MOST_EVENTS && <p className="muted">{t("dossier.first", { n: MOST_EVENTS })}</p>}
            <h3>{t("dossier.stops")}</h3>
            {value.stops.length === 0 && <p className="muted">–</p>}
            <ul className="plain">
              {value.stops.slice(0, MOST_EVENTS).map((stop) => (
                <li key={stop.start_us}>
                  <Time us={stop.start_us} /> {stop.end_us ? duration((stop.end_us - stop.start_us) / 1e6) : ""}{" "}
                  <button type="button" className="link" onClick={() => { flyTo(stop.lon_deg, stop.lat_deg, 0.2); }}>
                    {stop.port ? <Name text={stop.port} /> : <Place lat={stop.lat_deg} lon={stop.lon_deg} />}
                  </button>
                </li>
              ))}
            </ul>
            <h3>{t("dossier.links")}</h3>
            {value.links.length === 0 && <p className="muted">{t("dossier.no_links")}</p>}
            <ul className="plain">
              {value.links.map((link) => (
                <li key={link.link_id}>
                  {percent(link.probability, lang)} <Sentence text={link.detail} />{" "}
                  <span className="muted">
                    <Name text={link.claim_source} />
                  </span>
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}

function EventRow({ event }: { event: Event }) {
  const { word } = useText();
  const { lat_deg: lat, lon_deg: lon } = event;
  return (
    <li>
      <Time us={event.start_us} />{" "}
      {lat !== null && lon !== null ? (
        <button type="button" className="link" onClick={() => { flyTo(lon, lat, 0.4); }}>
          {word("kind", event.kind)}
        </button>
      ) : (
        word("kind", event.kind)
      )}{" "}
      <span className="muted">
        <Sentence text={event.detail} />
      </span>
    </li>
  );
}
