import { useId, useRef, useState } from "react";
import type { TrackPoints } from "../api/types";
import { clock, number } from "../format/format";
import { useText } from "../i18n";
import { type Position } from "../geo/longitude";
import { show } from "../picture/scene";
import { distanceNm } from "../picture/track";

const W = 400;
const H = 76;
const PAD = { left: 30, right: 6, top: 8, bottom: 4 };
const GAP_US = 45 * 60e6;

interface Series {
  label: string;
  unit: string;
  value: (i: number) => number | null;
}

/** Speed, and distance from the place of the lead, over time; the behaviour is shaded. */
export function Chart({ points, place, shaded }: { points: TrackPoints; place: Position | null; shaded: [number, number] }) {
  const { t, lang } = useText();
  const at = (i: number): Position => [points.lon_deg[i] ?? 0, points.lat_deg[i] ?? 0];
  const from = place ?? at(0);
  const [cursor, setCursor] = useState<number | null>(null);
  const series: Series[] = [
    { label: t("chart.speed"), unit: "kn", value: (i) => points.speed_kn[i] ?? null },
    { label: t("chart.distance"), unit: "nm", value: (i) => distanceNm(from, at(i)) },
  ];
  const point = (i: number | null) => {
    setCursor(i);
    show({ mark: i === null ? null : at(i) });
  };
  if (points.time_us.length < 2) return <p className="muted">{t("chart.none")}</p>;
  return (
    <figure className="chart-figure">
      {series.map((one) => (
        <Plot key={one.unit} series={one} points={points} shaded={shaded} cursor={cursor} onPoint={point} />
      ))}
      <figcaption>
        {clock(points.time_us[0] ?? 0)}
        <span>
          {cursor === null
            ? t("chart.help")
            : `${clock(points.time_us[cursor] ?? 0)} UTC · ${series
                .map((s) => `${number(s.value(cursor) ?? 0, lang, 1)} ${s.unit}`)
                .join(" · ")}`}
        </span>
        {clock(points.time_us.at(-1) ?? 0)} UTC
      </figcaption>
    </figure>
  );
}

interface PlotProps {
  series: Series;
  points: TrackPoints;
  shaded: [number, number];
  cursor: number | null;
  onPoint: (i: number | null) => void;
}

function Plot({ series, points, shaded, cursor, onPoint }: PlotProps) {
  const svg = useRef<SVGSVGElement>(null);
  const clip = useId();
  const times = points.time_us;
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 1;
  const values = times.map((_, i) => series.value(i));
  const most = niceTop(Math.max(1, ...values.map((v) => v ?? 0)));
  const x = (us: number) => PAD.left + ((us - first) / Math.max(1, last - first)) * (W - PAD.left - PAD.right);
  const y = (v: number) => H - PAD.bottom - (v / most) * (H - PAD.top - PAD.bottom);
  let d = "";
  let before: number | null = null;
  values.forEach((v, i) => {
    const us = times[i] ?? 0;
    if (v === null) return;
    const pen = before === null || us - before > GAP_US ? "M" : "L";
    d += `${pen}${x(us).toFixed(1)} ${y(v).toFixed(1)}`;
    before = us;
  });
  const move = (clientX: number) => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return;
    const us = first + (((clientX - box.left) / box.width) * W - PAD.left) / (W - PAD.left - PAD.right) * (last - first);
    onPoint(closest(times, us));
  };
  return (
    <svg
      ref={svg}
      viewBox={`0 0 ${String(W)} ${String(H)}`}
      role="img"
      aria-label={series.label}
      onPointerMove={(e) => { move(e.clientX); }}
      onPointerLeave={() => { onPoint(null); }}
    >
      <clipPath id={clip}>
        <rect x={PAD.left} y={0} width={W - PAD.left - PAD.right} height={H} />
      </clipPath>
      <rect
        className="shade"
        clipPath={`url(#${clip})`}
        x={x(shaded[0])}
        width={Math.max(2, x(shaded[1]) - x(shaded[0]))}
        y={PAD.top}
        height={H - PAD.top - PAD.bottom}
      />
      <line className="axis" x1={PAD.left} x2={W - PAD.right} y1={y(0)} y2={y(0)} />
      <line className="axis" x1={PAD.left} x2={W - PAD.right} y1={y(most)} y2={y(most)} />
      <text x={PAD.left - 4} y={y(most) + 4} textAnchor="end">{most}</text>
      <text x={PAD.left - 4} y={y(0)} textAnchor="end">0</text>
      <path d={d} className="curve" />
      <text x={PAD.left + 4} y={y(most) + 11} className="label">{`${series.label}, ${series.unit}`}</text>
      {cursor !== null && <line className="cursor" x1={x(times[cursor] ?? 0)} x2={x(times[cursor] ?? 0)} y1={PAD.top} y2={H - PAD.bottom} />}
    </svg>
  );
}

/** The index of the time nearest to `us`; times rise. */
export function closest(times: readonly number[], us: number): number {
  let low = 0;
  let high = times.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < us) low = middle;
    else high = middle;
  }
  return us - (times[low] ?? 0) <= (times[high] ?? 0) - us ? low : high;
}

/** The next of 1, 2, 5, 10, 20... that is not below. */
export function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((s) => s * power >= value) ?? 10;
  return step * power;
}
