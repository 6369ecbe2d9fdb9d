import { get, send, url } from "../api/client";
import { status as statusStore } from "../api/stream";
import { useAnswer } from "../api/use";
import { Room } from "../app/Room";
import { useStore } from "../app/store";
import { percent, shown } from "../format/format";
import { Time } from "../format/Text";
import { useText } from "../i18n";

interface Entry {
  index: number;
  entry: { kind: string; time_us: number; actor: string; body: Record<string, unknown> };
}

const LAST = 100;

/** The ledger's head and its last entries, and what this program is. */
export function Ledger() {
  const { t, word, lang } = useText();
  const status = useStore(statusStore);
  const head = useAnswer("checkpoint", async () => (await send(url("/ledger/checkpoint"))).text());
  const note = head.value ?? "";
  const size = Number(note.split("\n")[1] ?? 0);
  const entries = useAnswer(size > 0 ? `entries ${String(size)}` : null, (signal) =>
    get<{ items: Entry[] }>("/ledger/entries", { start: Math.max(0, size - LAST), end: size }, signal),
  );
  const agreement = useAnswer("agreement", (signal) =>
    get<{ n_pairs: number; agreed: number | null }>("/labels/agreement", {}, signal),
  );
  const rows = [...(entries.value?.items ?? [])].reverse();
  return (
    <Room title={t("room.ledger")}>
      <p>{t("ledger.help")}</p>
      {head.error && <p className="note bad">{head.error.message}. {head.error.help}</p>}
      {note && <pre className="panel">{shown(note).replaceAll("[U+000A]", "\n")}</pre>}
      <table className="rows">
        <thead>
          <tr>
            <th className="number">#</th>
            <th>{t("ledger.when")}</th>
            <th>{t("ledger.what")}</th>
            <th>{t("ledger.who")}</th>
            <th>{t("ledger.body")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ index, entry: e }) => (
            <tr key={index}>
              <td className="number">{index}</td>
              <td><Time us={e.time_us} form="long" /></td>
              <td>{word("entry", e.kind)}</td>
              <td className="small"><bdi>{shown(e.actor)}</bdi></td>
              <td className="small"><bdi>{shown(JSON.stringify(e.body)).slice(0, 160)}</bdi></td>
            </tr>
          ))}
        </tbody>
      </table>
      <h2>{t("ledger.agreement")}</h2>
      <p>
        {agreement.value?.agreed == null
          ? t("ledger.no_pairs")
          : t("ledger.agreed", { n: agreement.value.n_pairs, share: percent(agreement.value.agreed, lang) })}
      </p>
      <h2>{t("ledger.about")}</h2>
      <p>Fairlead {status?.version}. {t("ledger.about_text")}</p>
    </Room>
  );
}
