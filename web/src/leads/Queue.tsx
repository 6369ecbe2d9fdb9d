import { useEffect, useRef } from "react";
import { leadsChanged, status } from "../api/stream";
import type { Lead } from "../api/types";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { look, openLead, view as viewStore } from "../app/view";
import { percent, shown } from "../format/format";
import { Name, Time } from "../format/Text";
import { useText } from "../i18n";
import { silent } from "../feeds/health";
import { flyTo } from "../picture/scene";
import { Vanished } from "./Vanished";
import { decided, loadQueue, neighbour, queue } from "./queue";

const STATES = ["open", "need_more", "snoozed", "approved", "rejected", "silenced", "all", "vanished"] as const;

export function Queue() {
  const view = useStore(viewStore);
  const { page, error } = useStore(queue);
  const changes = useStore(leadsChanged);
  const words = useStore(decided);
  const nothing = silent(useStore(status));
  const { t, word } = useText();
  useEffect(() => {
    void loadQueue(viewStore.get());
  }, [view.state, view.kind, view.q, view.order, changes, words]);
  const leads = page?.items ?? [];
  const go = (step: 1 | -1) => {
    const next = neighbour(leads, view.lead, step);
    if (next) visit(leads, next);
  };
  useKeys({ j: () => { go(1); }, k: () => { go(-1); }, ArrowDown: () => { go(1); }, ArrowUp: () => { go(-1); } });
  useKeys({ Enter: () => { go(1); } }, view.lead === null);
  const kinds = [...new Set([...leads.flatMap((l) => l.kinds), ...(view.kind ? [view.kind] : [])])].sort();
  return (
    <section className="queue" aria-label={t("queue.label")}>
      <header className="bar">
        <h2>{t("queue.label")}</h2>
        <select
          aria-label={t("queue.state")}
          value={view.state}
          onChange={(e) => { look({ state: e.target.value }); }}
        >
          {STATES.map((state) => (
            <option key={state} value={state}>
              {t(`state.${state}`)}
            </option>
          ))}
        </select>
        <select aria-label={t("queue.kind")} value={view.kind} onChange={(e) => { look({ kind: e.target.value }); }}>
          <option value="">{t("queue.any_kind")}</option>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {word("kind", kind)}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="bare"
          onClick={() => { look({ order: view.order === "rank" ? "time" : "rank" }); }}
        >
          {view.order === "rank" ? t("queue.by_rank") : t("queue.by_time")}
        </button>
      </header>
      {view.q && (
        <p className="note">
          {t("queue.filtered", { q: shown(view.q) })}{" "}
          <button type="button" className="bare" onClick={() => { look({ q: "" }); }}>
            {t("act.clear")}
          </button>
        </p>
      )}
      {error && (
        <p className="note bad" role="alert">
          {error.message}. {error.help}
        </p>
      )}
      {view.state === "vanished" ? <Vanished /> : <ol className="leads" hidden={!leads.length}>
        {leads.map((lead) => (
          <Row key={lead.lead_id} lead={lead} open={lead.lead_id === view.lead} leads={leads} />
        ))}
      </ol>}
      {page && !leads.length && view.state !== "vanished" && (
        <p className="note empty">
          {view.state === "open" ? t("queue.empty") : t("queue.none")} {nothing && t("feeds.not_quiet")}
        </p>
      )}
      <Budget />
    </section>
  );
}

function visit(leads: readonly Lead[], id: string): void {
  openLead(id);
  const lead = leads.find((l) => l.lead_id === id);
  if (lead?.lat_deg != null && lead.lon_deg != null) flyTo(lead.lon_deg, lead.lat_deg);
}

function Row({ lead, open, leads }: { lead: Lead; open: boolean; leads: readonly Lead[] }) {
  const { t, word, lang } = useText();
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (open) row.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  const said = lead.kinds.map((kind) => word("kind", kind)).join(", ");
  return (
    <li>
      <button
        ref={row}
        type="button"
        className={open ? "lead open" : "lead"}
        aria-current={open || undefined}
        onClick={() => { visit(leads, lead.lead_id); }}
      >
        <span className="rank">{lead.rank ?? "·"}</span>
        <span className="who">
          {lead.name ? <Name text={lead.name} /> : lead.mmsi}
          {lead.name && <span className="mmsi"> {lead.mmsi}</span>}
        </span>
        <span className="chance">
          {percent(lead.probability, lang)}
          <i aria-hidden="true">
            <b style={{ width: `${String(Math.max(2, 100 * lead.probability))}%` }} />
          </i>
        </span>
        <span className="what">{said || <bdi lang="en">{shown(lead.title)}</bdi>}</span>
        <span className="when">
          <Time us={lead.start_us} />
        </span>
        {(lead.changed_since_decision || lead.state !== "open") && (
          <span className="tags">
            {lead.state !== "open" && <em className={`tag ${lead.state}`}>{t(`state.${lead.state}`)}</em>}
            {lead.changed_since_decision && <em className="tag changed">{t("lead.changed_since")}</em>}
          </span>
        )}
      </button>
    </li>
  );
}

/** What is not shown is counted. */
function Budget() {
  const page = useStore(queue).page;
  const view = useStore(viewStore);
  const { t, lang } = useText();
  if (!page) return null;
  const { cut, budget } = page;
  const best = cut.best_probability === null ? "–" : percent(cut.best_probability, lang);
  const min = percent(cut.probability_min, lang);
  return (
    <footer className="budget">
      <p>
        {t("budget.shown", { n: page.items.length })}
        {cut.n > 0 && <>, {t("budget.cut", { n: cut.n, best })}</>}
        {cut.n > 0 && view.state === "open" && (
          <>
            {" "}
            <button type="button" className="bare" onClick={() => { look({ state: "all" }); }}>
              {t("budget.all")}
            </button>
          </>
        )}
      </p>
      <p className="muted">
        {t("budget.rule", { n: budget.at_most, hours: budget.watch_h })}{" "}
        {cut.n_below > 0 && t("budget.below", { n: cut.n_below, min })}{" "}
        {cut.n_silenced > 0 && t("budget.silenced", { n: cut.n_silenced })}{" "}
        {cut.n_absorbed > 0 && t("budget.absorbed", { n: cut.n_absorbed })}
      </p>
    </footer>
  );
}
