import { useState } from "react";
import { get } from "../api/client";
import type { Page } from "../api/types";
import { useAnswer } from "../api/use";
import { Room } from "../app/Room";
import { useStore } from "../app/store";
import { look, view as viewStore } from "../app/view";
import { shown } from "../format/format";
import { Time } from "../format/Text";
import { useText } from "../i18n";
import { One } from "./One";
import { Recipients } from "./Recipients";
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
      <Recipients />
    </Room>
  );
}
