import { useState } from "react";
import { connection, status as statusStore } from "../api/stream";
import type { Feed } from "../api/types";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { duration, number, shown } from "../format/format";
import { Time } from "../format/Text";
import { useText } from "../i18n";
import { deadFeeds, rejected, share, silent } from "./health";

/** Each feed: its state in a word, its rate against what is due, its delay; more on demand. */
export function FeedStrip() {
  const status = useStore(statusStore);
  const wire = useStore(connection);
  const [open, setOpen] = useState<string | null>(null);
  const { t } = useText();
  useKeys({ Escape: () => { setOpen(null); } }, open !== null);
  return (
    <div className="feeds" role="group" aria-label={t("feeds.label")}>
      {wire === "lost" && (
        <span className="feed dead" role="status">
          <b className="dot" aria-hidden="true" /> {t("feeds.connection_lost")}
        </span>
      )}
      {(status?.feeds ?? []).map((feed) => (
        <FeedChip
          key={feed.source}
          feed={feed}
          open={open === feed.source}
          toggle={() => {
            setOpen(open === feed.source ? null : feed.source);
          }}
        />
      ))}
      {status && !status.feeds.length && <span className="muted">{t("feeds.none")}</span>}
    </div>
  );
}

/** The end of a path or address: what tells feeds apart. */
export function shortSource(source: string): string {
  const parts = shown(source).replace(/\/+$/, "").split("/");
  return parts.at(-1) ?? source;
}

function FeedChip({ feed, open, toggle }: { feed: Feed; open: boolean; toggle: () => void }) {
  const { t, lang } = useText();
  const part = share(feed);
  const rate = feed.rate_per_min ?? 0;
  return (
    <div className="feed-box">
      <button type="button" className={`feed ${feed.state}`} aria-expanded={open} onClick={toggle}>
        <b className="dot" aria-hidden="true" />
        <bdi className="feed-name">{shortSource(feed.source)}</bdi>
        <span className="feed-state">{t(`feed.${feed.state}`)}</span>
        {feed.state === "dead" && feed.last_received_us ? (
          <span>
            {t("feeds.since")} <Time us={feed.last_received_us} form="clock" />
          </span>
        ) : (
          feed.state !== "ended" && (
            <>
              {part !== null && <meter min={0} max={1} value={part} aria-label={t("feeds.share")} />}
              <span className="number">{t("feeds.per_min", { rate: number(rate, lang) })}</span>
            </>
          )
        )}
      </button>
      {open && <FeedDetail feed={feed} />}
    </div>
  );
}

function FeedDetail({ feed }: { feed: Feed }) {
  const { t, lang, word } = useText();
  const reasons = Object.entries(feed.rejects).sort((a, b) => b[1] - a[1]);
  return (
    <div className="pop" role="dialog" aria-label={shortSource(feed.source)}>
      <h3>
        <bdi>{shown(feed.source)}</bdi>
      </h3>
      <dl className="facts">
        <dt>{t("feeds.state")}</dt>
        <dd>{t(`feed.${feed.state}`)}</dd>
        <dt>{t("feeds.rate")}</dt>
        <dd>
          {feed.rate_per_min === null ? "–" : number(feed.rate_per_min, lang)} /{" "}
          {feed.expected_per_min === null ? "–" : number(feed.expected_per_min, lang)}
        </dd>
        <dt>{t("feeds.delay")}</dt>
        <dd>{feed.delay_s === null ? "–" : duration(feed.delay_s)}</dd>
        <dt>{t("feeds.last")}</dt>
        <dd>{feed.last_received_us === null ? "–" : <Time us={feed.last_received_us} form="long" />}</dd>
        <dt>{t("feeds.lines")}</dt>
        <dd>{number(feed.n_lines, lang)}</dd>
        <dt>{t("feeds.rows")}</dt>
        <dd>{number(feed.n_rows, lang)}</dd>
        <dt>{t("feeds.rejects")}</dt>
        <dd>{number(rejected(feed), lang)}</dd>
      </dl>
      {reasons.length > 0 && (
        <table>
          <tbody>
            {reasons.map(([reason, n]) => (
              <tr key={reason}>
                <td>{word("reject", reason)}</td>
                <td className="number">{number(n, lang)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

/** Over the map when nothing is heard: no data is not no ship. */
export function SilenceBanner() {
  const status = useStore(statusStore);
  const wire = useStore(connection);
  const { t } = useText();
  const dead = deadFeeds(status);
  if (wire === "lost") return <div className="silence" role="alert">{t("feeds.page_stale")}</div>;
  if (!dead.length) return null;
  const last = Math.max(...dead.map((f) => f.last_received_us ?? 0));
  return (
    <div className={silent(status) ? "silence all" : "silence"} role="alert">
      <strong>{silent(status) ? t("feeds.no_data") : t("feeds.some_dead", { n: dead.length })}</strong>{" "}
      {dead.map((f) => shortSource(f.source)).join(", ")}
      {last > 0 && (
        <>
          {" "}
          {t("feeds.since")} <Time us={last} form="long" />.
        </>
      )}{" "}
      {t("feeds.not_quiet")}
    </div>
  );
}
