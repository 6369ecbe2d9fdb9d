import { type FormEvent, useState } from "react";
import { get, may, put } from "../api/client";
import type { Page } from "../api/types";
import { useAnswer } from "../api/use";
import { tell, tellError } from "../app/toast";
import { shown } from "../format/format";
import { useText } from "../i18n";
import { ADDRESS, type Channel, CHANNELS, KINDS, type Recipient, type ReferralKind } from "./types";

/** Who may be told, of what, by which way, how often. */
export function Recipients() {
  const { t } = useText();
  const [count, setCount] = useState(0);
  const list = useAnswer(`recipients ${String(count)}`, (signal) => get<Page<Recipient>>("/recipients", {}, signal));
  return (
    <details className="panel">
      <summary>
        {t("recipient.title")} ({list.value?.total ?? 0})
      </summary>
      <ul className="plain">
        {(list.value?.items ?? []).map((r) => (
          <li key={r.recipient_id}>
            <strong><bdi>{shown(r.name)}</bdi></strong> <span className="muted">{r.recipient_id}</span> · {r.channel} ·{" "}
            {r.kinds.map((k) => t(`referral.${k}`)).join(", ")} · {t("recipient.per_day", { n: r.per_day })}{" "}
            {!r.is_active && <em className="tag">{t("recipient.off")}</em>}
          </li>
        ))}
      </ul>
      {may("administrator") && <Add done={() => { setCount((n) => n + 1); }} />}
    </details>
  );
}

function Add({ done }: { done: () => void }) {
  const { t } = useText();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [kinds, setKinds] = useState<readonly ReferralKind[]>(KINDS);
  const [channel, setChannel] = useState<Channel>("folder");
  const [address, setAddress] = useState<Record<string, string>>({});
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const given = Object.fromEntries(
      ADDRESS[channel].flatMap((key) => {
        const text = address[key] ?? "";
        return text ? [[key, key === "port" ? Number(text) : text]] : [];
      }),
    );
    try {
      await put(`/recipients/${encodeURIComponent(id)}`, { name, kinds, channel, address: given });
      tell(t("recipient.saved"));
      done();
    } catch (failure) {
      tellError(failure);
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)}>
      <div className="fields">
        <label>
          {t("recipient.id")}
          <input value={id} required pattern="[a-z0-9\-]+" maxLength={40} onChange={(e) => { setId(e.target.value); }} />
        </label>
        <label>
          {t("recipient.name")}
          <input value={name} required maxLength={200} onChange={(e) => { setName(e.target.value); }} />
        </label>
        <label>
          {t("recipient.channel")}
          <select value={channel} onChange={(e) => { setChannel(e.target.value as Channel); }}>
            {CHANNELS.map((c) => (
              <option key={c}>{c}</option>
            ))}
          </select>
        </label>
        {ADDRESS[channel].map((key) => (
          <label key={key}>
            {key}
            <input value={address[key] ?? ""} onChange={(e) => { setAddress({ ...address, [key]: e.target.value }); }} />
          </label>
        ))}
      </div>
      <p className="quick">
        {KINDS.map((kind) => (
          <label key={kind} className="chip">
            <input
              type="checkbox"
              checked={kinds.includes(kind)}
              onChange={(e) => { setKinds(e.target.checked ? [...kinds, kind] : kinds.filter((k) => k !== kind)); }}
            />{" "}
            {t(`referral.${kind}`)}
          </label>
        ))}
      </p>
      <button type="submit">{t("recipient.save")}</button>
    </form>
  );
}
