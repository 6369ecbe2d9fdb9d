import { useState } from "react";
import { get, may, post } from "../api/client";
import type { Lead, Page } from "../api/types";
import { useAnswer } from "../api/use";
import { tellError } from "../app/toast";
import { look } from "../app/view";
import { shown } from "../format/format";
import { useText } from "../i18n";
import { KINDS, type Recipient, type Referral, type ReferralKind } from "./types";

/** Begins a referral from an approved lead. Nothing leaves by this: it makes a draft. */
export function ReferFrom({ lead }: { lead: Lead }) {
  const { t } = useText();
  const [kind, setKind] = useState<ReferralKind>("inspection");
  const [recipient, setRecipient] = useState("");
  const [note, setNote] = useState("");
  const allowed = lead.state === "approved" && may("analyst", "reviewer");
  const { value } = useAnswer(allowed ? "recipients" : null, (signal) => get<Page<Recipient>>("/recipients", {}, signal));
  if (!allowed) return null;
  const create = async () => {
    try {
      const body = { lead_id: lead.lead_id, digest: lead.digest, kind, recipient_id: recipient, note };
      const made = await post<Referral>("/referrals", body);
      look({ room: "referrals", referral: made.referral_id }, true);
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <>
      <h3>{t("refer.begin")}</h3>
      <div className="fields">
        <label>
          {t("refer.kind")}
          <select value={kind} onChange={(e) => { setKind(e.target.value as ReferralKind); }}>
            {KINDS.map((k) => (
              <option key={k} value={k}>
                {t(`referral.${k}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t("refer.recipient")}
          <select value={recipient} onChange={(e) => { setRecipient(e.target.value); }}>
            <option value="">–</option>
            {(value?.items ?? []).map((r) => (
              <option key={r.recipient_id} value={r.recipient_id}>
                {shown(r.name)}
              </option>
            ))}
          </select>
        </label>
        <label className="wide">
          {t("refer.note")}
          <input value={note} maxLength={1000} onChange={(e) => { setNote(e.target.value); }} />
        </label>
        <button type="button" disabled={!recipient} onClick={() => void create()}>
          {t("refer.draft")}
        </button>
      </div>
    </>
  );
}
