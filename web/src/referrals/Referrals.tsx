import { useState } from "react";
import { get, may, post, url } from "../api/client";
import type { Page } from "../api/types";
import { useAnswer } from "../api/use";
import { askPasskey } from "../access/passkey";
import { Room } from "../app/Room";
import { useStore } from "../app/store";
import { tell, tellError } from "../app/toast";
import { look, openLead, view as viewStore } from "../app/view";
import { shown } from "../format/format";
import { Time } from "../format/Text";
import { useText, type T } from "../i18n";
import type { Referral } from "./types";

/** Draft, then exactly what leaves, then approvals, then out. */
export function Referrals() {
  const { t, word } = useText();
  const open = useStore(viewStore).referral;
  const [count, setCount] = useState(0);
  const list = useAnswer(`referrals ${String(count)}`, (signal) => get<Page<Referral>>("/referrals", {}, signal));
  return (
    <Room title={t("room.referrals")}>
      <p className="muted">{t("refer.help")}</p>
      {list.error && <p className="note bad" role="alert">{list.error.message}. {list.error.help}</p>}
      <div className="split">
        <nav aria-label={t("room.referrals")}>
          <ul className="choices">
            {(list.value?.items ?? []).map((r) => (
              <li key={r.referral_id}>
                <button
                  type="button"
                  aria-current={r.referral_id === open || undefined}
                  onClick={() => { look({ referral: r.referral_id }, true); }}
                >
                  {t(`referral.${r.kind}`)} <em className="tag">{word("referral_state", r.state)}</em>
                  <br />
                  <span className="muted small">
                    <Time us={r.created_us} /> → <bdi>{shown(r.recipient_id)}</bdi>
                  </span>
                </button>
              </li>
            ))}
          </ul>
          {list.value?.items.length === 0 && <p className="muted">{t("refer.none")}</p>}
        </nav>
        {open ? (
          <One key={`${open} ${String(count)}`} id={open} again={() => { setCount((n) => n + 1); }} />
        ) : (
          <p className="muted">{t("refer.choose")}</p>
        )}
      </div>
    </Room>
  );
}

function One({ id, again }: { id: string; again: () => void }) {
  const { t, word } = useText();
  const path = `/referrals/${encodeURIComponent(id)}`;
  const { value, error } = useAnswer(path, (signal) => get<Referral>(path, {}, signal));
  if (error) return <p className="note bad">{error.message}. {error.help}</p>;
  if (!value) return <p className="muted">{t("act.loading")}</p>;
  const act = async (work: () => Promise<unknown>, said: string) => {
    try {
      await work();
      tell(said);
      again();
    } catch (failure) {
      tellError(failure);
    }
  };
  const needed = value.approvals_needed ?? 1;
  return (
    <article className="panel">
      <h2>
        {t(`referral.${value.kind}`)} → <bdi>{shown(value.recipient_id)}</bdi>{" "}
        <em className="tag">{word("referral_state", value.state)}</em>
      </h2>
      <p>
        {t("refer.author")} <bdi>{shown(value.author)}</bdi>, <Time us={value.created_us} form="long" /> ·{" "}
        <button type="button" className="link" onClick={() => { openLead(value.lead_id); }}>
          {t("refer.lead")}
        </button>
      </p>
      {value.note && <p><bdi>{shown(value.note)}</bdi></p>}
      {value.digest === null ? (
        <p className="buttons">
          <button type="button" className="primary" onClick={() => void act(() => post(`${path}/freeze`), t("refer.frozen"))}>
            {t("refer.freeze")}
          </button>
        </p>
      ) : (
        <>
          <h3>{t("refer.exactly")}</h3>
          <p className="small"><code>{value.digest}</code></p>
          <pre className="leaves" tabIndex={0} aria-label={t("refer.exactly")}>{pretty(value.content)}</pre>
          <p className="buttons">
            {["pdf", "html", "json", "geojson"].map((format) => (
              <a key={format} href={url(`${path}/dossier`, { format })} download={`${id}.${format}`}>
                {format.toUpperCase()}
              </a>
            ))}
          </p>
          <h3>{t("refer.approvals", { given: value.approvals.length, needed })}</h3>
          <ul className="plain">
            {value.approvals.map((a, i) => (
              <li key={i}>
                <Time us={a.approved_us} /> <bdi>{shown(a.approver ?? a.account_id ?? "")}</bdi>: <bdi>{shown(a.purpose)}</bdi>
              </li>
            ))}
          </ul>
          <Approve path={path} act={act} t={t} />
          <p className="buttons">
            <button
              type="button"
              className="primary"
              disabled={value.approvals.length < needed || value.state === "sent"}
              onClick={() => void act(() => post(`${path}/send`), t("refer.sent"))}
            >
              {t("refer.send")}
            </button>
            <button type="button" onClick={() => void act(() => post(`${path}/withdraw`), t("refer.withdrawn"))}>
              {t("refer.withdraw")}
            </button>
          </p>
        </>
      )}
      {(value.deliveries ?? []).map((d, i) => (
        <p key={i}>
          <Time us={d.time_us} /> {word("referral_state", d.state)} <bdi>{shown(d.detail ?? "")}</bdi>
        </p>
      ))}
    </article>
  );
}

interface ApproveProps {
  path: string;
  act: (work: () => Promise<unknown>, said: string) => Promise<void>;
  t: T;
}

/** A fresh assertion over exactly the digest that is shown, with a purpose. */
function Approve({ path, act, t }: ApproveProps) {
  const [purpose, setPurpose] = useState("");
  if (!may("reviewer")) return <p className="muted">{t("refer.not_reviewer")}</p>;
  const approve = () =>
    act(async () => {
      const options = await post<Record<string, unknown>>(`${path}/approvals/options`, { purpose });
      await post(`${path}/approvals`, { purpose, credential: await askPasskey(options) });
    }, t("refer.approved"));
  return (
    <div className="fields">
      <label className="wide">
        {t("refer.purpose")}
        <input value={purpose} maxLength={500} onChange={(e) => { setPurpose(e.target.value); }} />
      </label>
      <button type="button" className="approve" disabled={!purpose.trim()} onClick={() => void approve()}>
        {t("refer.approve")}
      </button>
    </div>
  );
}

function pretty(content: unknown): string {
  return shown(JSON.stringify(content, null, 2)).replaceAll("[U+000A]", "\n");
}
