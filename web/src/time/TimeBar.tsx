import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { get } from "../api/client";
import { status } from "../api/stream";
import type { Timeline } from "../api/types";
import { useAnswer } from "../api/use";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { look, view as viewStore } from "../app/view";
import { dateTime, duration } from "../format/format";
import { Key, Time } from "../format/Text";
import { useText } from "../i18n";
import { silent } from "../feeds/health";
import { replayed } from "../picture/scene";
import { loadStretch, positionsAt, type Stretch } from "./replay";

const SPEEDS = [60, 300, 1200, 3600] as const;
const FRAME_MS = 100;
const CHUNK_US = 12 * 3600e6;

/** The histogram of what was heard, a slider over it, play, and the way back to live. */
export function TimeBar() {
  const view = useStore(viewStore);
  const health = useStore(status);
  const settled = health?.settled_us ?? null;
  const nothing = silent(health);
  const { t, lang } = useText();
  const minute = settled === null ? 0 : Math.floor(settled / 600e6);
  const given = view.since !== null && view.until !== null;
  const key = `timeline ${String(view.since)} ${String(view.until)} ${given ? "" : String(minute)}`;
  const line = useAnswer(key, (signal) =>
    get<Timeline>("/timeline", { since_us: view.since, until_us: view.until }, signal),
  );
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<number>(300);
  const slider = useRef<HTMLInputElement>(null);
  const timeline = line.value;
  const since = timeline?.since_us ?? 0;
  const until = timeline?.until_us ?? 0;
  const { stretch, error } = useStretch(view.at, since, until);

  useEffect(() => {
    replayed.set(view.at !== null && stretch ? positionsAt(stretch, view.at) : null);
  }, [view.at, stretch]);

  const tick = useEffectEvent(() => {
    const at = viewStore.get().at ?? since;
    if (at >= until) setPlaying(false);
    else look({ at: Math.min(until, Math.round(at + speed * 1000 * FRAME_MS)) });
  });
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(tick, FRAME_MS);
    return () => {
      clearInterval(timer);
    };
  }, [playing]);
  const live = () => {
    setPlaying(false);
    look({ at: null });
  };
  const play = () => {
    if (!playing && (view.at === null || view.at >= until)) look({ at: since });
    setPlaying(!playing);
  };
  useKeys({
    t: () => slider.current?.focus(),
    p: play,
    l: live,
    ",": () => { look({ at: Math.max(since, (view.at ?? until) - 60e6) }); },
    ".": () => { look({ at: Math.min(until, (view.at ?? until) + 60e6) }); },
  });
  if (!timeline || until <= since) {
    return <section className="timebar empty" aria-label={t("time.label")}>{line.error && line.error.status !== 404 ? line.error.message : t("time.none")}</section>;
  }
  return (
    <section className={view.at === null ? "timebar" : "timebar past"} aria-label={t("time.label")}>
      <div className="controls">
        <button type="button" onClick={play} aria-pressed={playing}>
          {playing ? t("time.pause") : t("time.play")} <Key>p</Key>
        </button>
        <select aria-label={t("time.speed")} value={speed} onChange={(e) => { setSpeed(Number(e.target.value)); }}>
          {SPEEDS.map((s) => (
            <option key={s} value={s}>
              {t("time.times", { n: s })}
            </option>
          ))}
        </select>
      </div>
      <div className="slide">
        <Histogram timeline={timeline} at={view.at} />
        <input
          ref={slider}
          type="range"
          min={since}
          max={until}
          step={10e6}
          value={view.at ?? until}
          aria-label={t("time.slider")}
          aria-valuetext={view.at === null ? t("time.live") : `${dateTime(view.at, lang)} UTC`}
          onChange={(e) => { look({ at: Number(e.target.value) }); }}
        />
        <div className="ends">
          <Time us={since} />
          <span>{t("time.span", { length: duration((until - since) / 1e6) })}</span>
          <Time us={until} />
        </div>
      </div>
      <div className="now">
        {view.at === null ? (
          <strong className={nothing ? "live silent" : "live"}>
            {t("time.live")}
            {nothing && `: ${t("feeds.no_data")}`}
          </strong>
        ) : (
          <strong className="replaying">
            {t("time.replay")} <Time us={view.at} form="long" />
          </strong>
        )}
        {settled !== null && view.at === null && (
          <span className="muted">
            {t("time.settled")} <Time us={settled} />
          </span>
        )}
        {view.at !== null && (
          <button type="button" className="primary" onClick={live}>
            {t("time.back_live")} <Key>l</Key>
          </button>
        )}
        {error && <span className="bad">{error}</span>}
      </div>
    </section>
  );
}

/** Loads the half day around the wanted instant. */
function useStretch(at: number | null, since: number, until: number): { stretch: Stretch | null; error: string | null } {
  const [from, to] = useMemo(() => {
    if (at === null || until <= since) return [0, 0];
    if (until - since <= 2 * CHUNK_US) return [since, until];
    const chunk = Math.floor((at - since) / CHUNK_US);
    return [since + (chunk - 0.1) * CHUNK_US, since + (chunk + 1.1) * CHUNK_US].map((us) =>
      Math.round(Math.max(since, Math.min(until, us))),
    ) as [number, number];
  }, [at, since, until]);
  const key = to > from ? `replay ${String(from)} ${String(to)}` : null;
  const answer = useAnswer(key, (signal) => loadStretch(from, to, signal));
  return { stretch: answer.value, error: answer.error?.message ?? null };
}

const W = 1000;
const H = 30;

function Histogram({ timeline, at }: { timeline: Timeline; at: number | null }) {
  const most = Math.max(1, ...timeline.bins.map((b) => b.n_messages));
  const width = W / Math.max(1, timeline.bins.length);
  const x = (us: number) => ((us - timeline.since_us) / (timeline.until_us - timeline.since_us)) * W;
  return (
    <svg viewBox={`0 0 ${String(W)} ${String(H)}`} preserveAspectRatio="none" aria-hidden="true">
      {timeline.bins.map((bin, i) => {
        const h = Math.max(bin.n_messages ? 1 : 0, Math.sqrt(bin.n_messages / most) * (H - 4));
        return (
          <g key={bin.since_us}>
            <rect className="messages" x={i * width} width={Math.max(0.5, width - 0.6)} y={H - h} height={h} />
            {bin.n_leads > 0 && <rect className="of-leads" x={i * width} width={Math.max(2, width - 0.6)} y={0} height={3} />}
            {bin.n_leads === 0 && bin.n_events > 0 && (
              <rect className="of-events" x={i * width} width={Math.max(2, width - 0.6)} y={0} height={2} />
            )}
          </g>
        );
      })}
      {at !== null && <rect className="at" x={x(at) - 0.8} width={1.6} y={0} height={H} />}
    </svg>
  );
}
