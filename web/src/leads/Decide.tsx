import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, may } from "../api/client";
import { WhyAllowed } from "../access/Policies";
import { status } from "../api/stream";
import type { LeadCard, Verdict } from "../api/types";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { tell, tellError } from "../app/toast";
import { openLead, view } from "../app/view";
import { Key } from "../format/Text";
import { useText } from "../i18n";
import type { Key as TextKey } from "../i18n";
import { afterwards, asking, changedFrom, decide, decided, queue } from "./queue";

const REASONS: Record<Verdict, TextKey[]> = {
  approve: ["reason.behaviour_fits", "reason.confirmed_elsewhere", "reason.pattern"],
  reject: ["reason.innocent", "reason.reception", "reason.identity_error", "reason.known_vessel", "reason.sensor"],
  need_more: ["reason.ask_flag", "reason.ask_satellite", "reason.ask_patrol"],
  snooze: ["reason.wait_port", "reason.wait_feed", "reason.handover"],
  reopen: ["reason.mistake"],
};
const SNOOZES_H = [1, 4, 8, 24] as const;
const H_US = 3600e6;

/** Four words and a reason. What is sent binds to exactly what was shown. */
export function Decide({ card }: { card: LeadCard }) {
  const verdict = useStore(asking);
  const stale = useStore(changedFrom);
  const { t } = useText();
  const { lead } = card;
  const allowed = may("analyst", "reviewer", "administrator");
  const ask = (wanted: Verdict) => () => { asking.set(wanted); };
  useKeys({ a: ask("approve"), d: ask("reject"), s: ask("snooze"), m: ask("need_more") }, allowed);
  useEffect(
    () => () => {
      asking.set(null);
      changedFrom.set(null);
    },
    [lead.lead_id],
  );
  if (!allowed) return <footer className="decide muted">{t("decide.not_allowed")} <WhyAllowed action="decide" resource={lead.lead_id} /></footer>;
  if (verdict && !stale) return <ReasonForm card={card} verdict={verdict} />;
  return (
    <footer className="decide">
      <button type="button" className="approve" onClick={ask("approve")}>
        {t("verdict.approve")} <Key>a</Key>
      </button>
      <button type="button" className="dismiss" onClick={ask("reject")}>
        {t("verdict.reject")} <Key>d</Key>
      </button>
      <button type="button" onClick={ask("snooze")}>
        {t("verdict.snooze")} <Key>s</Key>
      </button>
      <button type="button" onClick={ask("need_more")}>
        {t("verdict.need_more")} <Key>m</Key>
      </button>
      {lead.state !== "open" && (
        <button type="button" onClick={ask("reopen")}>
          {t("verdict.reopen")}
        </button>
      )}
    </footer>
  );
}

function ReasonForm({ card, verdict }: { card: LeadCard; verdict: Verdict }) {
  const { t } = useText();
  const { lead } = card;
  const [reason, setReason] = useState("");
  const [hours, setHours] = useState<number>(4);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const leave = () => { asking.set(null); };
  useKeys({ Escape: leave });
  useEffect(() => {
    field.current?.focus();
  }, [verdict]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!reason.trim() || busy) return;
    setBusy(true);
    const until = verdict === "snooze" ? (status.get()?.now_us ?? Date.now() * 1000) + hours * H_US : null;
    const leads = queue.get().page?.items ?? [];
    const next = afterwards(leads, lead.lead_id);
    try {
      const decision = await decide(lead, verdict, reason.trim(), until);
      asking.set(null);
      const undo = () => {
        decide({ ...lead, digest: decision.digest }, "reopen", t("reason.mistake")).then(
          () => { openLead(lead.lead_id); },
          tellError,
        );
      };
      tell(t("decide.done", { verdict: t(`verdict.${verdict}`), vessel: lead.name ?? String(lead.mmsi) }), verdict === "reopen" ? undefined : undo);
      if (view.get().state === "open" && verdict !== "reopen") openLead(next);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        asking.set(null);
        changedFrom.set({ digest: lead.digest, refused: true });
        decided.set((n) => n + 1);
      }
      else tellError(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="decide asking" onSubmit={(e) => void submit(e)}>
      <label htmlFor="reason">
        <strong>{t(`verdict.${verdict}`)}</strong>: {t("decide.why")}
      </label>
      <div className="quick">
        {REASONS[verdict].map((key) => (
          <button
            key={key}
            type="button"
            className={reason === t(key) ? "chip on" : "chip"}
            onClick={() => {
              setReason(t(key));
              field.current?.focus();
            }}
          >
            {t(key)}
          </button>
        ))}
      </div>
      {verdict === "snooze" && (
        <div className="quick" role="radiogroup" aria-label={t("decide.snooze_for")}>
          {t("decide.snooze_for")}{" "}
          {SNOOZES_H.map((h) => (
            <label key={h} className="chip">
              <input type="radio" name="hours" checked={hours === h} onChange={() => { setHours(h); }} /> {h} h
            </label>
          ))}
        </div>
      )}
      <div className="send">
        <input
          id="reason"
          ref={field}
          value={reason}
          maxLength={500}
          required
          autoComplete="off"
          placeholder={t("decide.reason")}
          onChange={(e) => { setReason(e.target.value); }}
        />
        <button type="submit" className="primary" disabled={!reason.trim() || busy}>
          {t(`verdict.${verdict}`)} <Key>↵</Key>
        </button>
        <button type="button" onClick={leave}>
          {t("act.cancel")}
        </button>
      </div>
    </form>
  );
}
