import { useState } from "react";
import { get, may, post, session, url } from "../api/client";
import { useAnswer } from "../api/use";
import { StepUp } from "../access/StepUp";
import { useStore } from "../app/store";
import { tell, tellError } from "../app/toast";
import { openLead } from "../app/view";
import { shown } from "../format/format";
import { Time } from "../format/Text";
import { useText } from "../i18n";
import type { Referral, ReferralAnswer } from "./types";

const FORMATS = ["pdf", "html", "json", "geojson"] as const;
type Act = (work: () => Promise<unknown>, said: string) => Promise<void>;

/** One referral on its way: draft, exactly what would leave, approvals, out. */
export function One({ id, again }: { id: string; again: () => void }) {
  const { t, word } = useText();
  const path = `/referrals/${encodeURIComponent(id)}`;
  const { value, error } = useAnswer(path, (signal) => get<ReferralAnswer>(path, {}, signal));
  if (error) return <p className="note bad" role="alert">{error.message}. {error.help}</p>;
  if (!value) return <p className="muted">{t("act.loading")}</p>;
  const { referral, content } = value;
  const act: Act = async (work, said) => {
    try {
      await work();
      tell(said);
    } catch (failure) {
      tellError(failure);
    }
    again();
  };
  const ended = referral.ended_us !== null;
  return (
    <article className="panel">
      <h2>
        {t(`referral.${referral.kind}`)} → <bdi>{shown(referral.recipient_id)}</bdi>{" "}
        <em className={`tag ${referral.state}`}>{word("referral_state", referral.state)}</em>
      </h2>
      <p>
        {t("refer.author")} <bdi>{shown(referral.author)}</bdi>, <Time us={referral.created_us} form="long" /> ·{" "}
        <button type="button" className="link" onClick={() => { openLead(referral.lead_id); }}>
          {t("refer.lead")}
        </button>
      </p>
      {referral.note && <p><bdi>{shown(referral.note)}</bdi></p>}
      {referral.digest === null ? (
        <p className="buttons">
          <button
            type="button"
            className="primary"
            disabled={ended}
            onClick={() => void act(() => post(`${path}/freeze`), t("refer.frozen"))}
          >
            {t("refer.freeze")}
          </button>
        </p>
      ) : (
        <Frozen referral={referral} content={content} path={path} act={act} />
      )}
      {!ended && <Withdraw path={path} act={act} />}
      {ended && Object.keys(referral.answer).length > 0 && <pre>{pretty(referral.answer)}</pre>}
    </article>
  );
}

interface FrozenProps {
  referral: Referral;
  content: Record<string, unknown> | null;
  path: string;
  act: Act;
}

function Frozen({ referral, content, path, act }: FrozenProps) {
  const { t } = useText();
  const [purpose, setPurpose] = useState("");
  const who = useStore(session)?.account_id;
  const mayApprove = may("reviewer") && referral.author !== who && referral.ended_us === null;
  return (
    <>
      <h3>{t("refer.exactly")}</h3>
      <p className="small">
        <code>{referral.digest}</code>
      </p>
      <pre className="leaves" tabIndex={0} role="region" aria-label={t("refer.exactly")}>
        {pretty(content)}
      </pre>
      <p className="buttons">
        {FORMATS.map((format) => (
          <a key={format} href={url(`${path}/dossier`, { format })} download={`${referral.referral_id}.${format}`}>
            {format.toUpperCase()}
          </a>
        ))}
      </p>
      <h3>{t("refer.approvals", { given: referral.approved_by.length, needed: referral.needed })}</h3>
      <ul className="plain">
        {referral.approved_by.map((account) => (
          <li key={account}>
            ✓ <bdi>{shown(account)}</bdi>
          </li>
        ))}
        {Object.entries(referral.not_counting).map(([account, why]) => (
          <li key={account} className="muted">
            <bdi>{shown(account)}</bdi>: {shown(why).replaceAll("_", " ")}
          </li>
        ))}
      </ul>
      {mayApprove ? (
        <>
          <div className="fields">
            <label className="wide">
              {t("refer.purpose")}
              <input value={purpose} maxLength={500} onChange={(e) => { setPurpose(e.target.value); }} />
            </label>
          </div>
          <StepUp
            label={t("refer.approve")}
            disabled={!purpose.trim()}
            options={{ path: `${path}/approvals/options`, body: { purpose } }}
            prove={(give) => {
              void act(async () => post(`${path}/approvals`, { purpose, ...(await give()) }), t("refer.approved"));
            }}
          />
        </>
      ) : (
        referral.ended_us === null && <p className="muted">{t("refer.not_reviewer")}</p>
      )}
      <p className="buttons">
        <button
          type="button"
          className="primary"
          disabled={!referral.ready}
          onClick={() => void act(() => post(`${path}/send`), t("refer.sent"))}
        >
          {t("refer.send")}
        </button>
      </p>
    </>
  );
}

function Withdraw({ path, act }: { path: string; act: Act }) {
  const { t } = useText();
  const [reason, setReason] = useState("");
  return (
    <div className="fields">
      <label>
        {t("decide.reason")}
        <input value={reason} maxLength={500} onChange={(e) => { setReason(e.target.value); }} />
      </label>
      <button
        type="button"
        disabled={!reason.trim()}
        onClick={() => void act(() => post(`${path}/withdraw`, { reason }), t("refer.withdrawn"))}
      >
        {t("refer.withdraw")}
      </button>
    </div>
  );
}

function pretty(content: unknown): string {
  return shown(JSON.stringify(content, null, 2)).replaceAll("[U+000A]", "\n");
}
