import type { PickingInfo } from "@deck.gl/core";
import { Name, Sentence, Time } from "../format/Text";
import { course, number, percent, speed } from "../format/format";
import { useText } from "../i18n";
import { pickedVessel } from "./Map";
import { picture, type Columns } from "./store";

interface Picked {
  kind?: string;
  detail?: string;
  title?: string;
  name?: string;
  start_us?: number;
  p_message?: number;
  properties?: { name?: string; kind?: string };
}

/** What lies under the pointer. */
export function Tip({ info, data }: { info: PickingInfo; data: Columns }) {
  const { t, word, lang } = useText();
  const mmsi = pickedVessel(info, data);
  const object = info.object as Picked | undefined;
  const style = { left: info.x + 14, top: info.y + 14 };
  const cells = (info.layer?.props.data as { cells?: { count: Int32Array } } | undefined)?.cells;
  if (mmsi !== null) {
    const i = Array.from(data.mmsi.subarray(0, data.n)).indexOf(mmsi);
    const name = data.name[i] ?? picture.data.name[picture.rowOf(mmsi) ?? -1];
    return (
      <div className="tip" style={style} role="tooltip">
        <strong>{name ? <Name text={name} /> : mmsi}</strong> {name ? mmsi : ""}
        <div>
          {speed(orNull(data.speed_kn[i]), lang)} · {course(orNull(data.course_deg[i]))} ·{" "}
          <Time us={data.time_us[i] ?? 0} />
        </div>
      </div>
    );
  }
  if (cells) {
    const n = cells.count[info.index] ?? 0;
    return (
      <div className="tip" style={style} role="tooltip">
        {t("map.vessels", { n })}
      </div>
    );
  }
  if (!object) return null;
  return (
    <div className="tip" style={style} role="tooltip">
      {object.kind && <strong>{word("kind", object.kind)}</strong>} {object.start_us && <Time us={object.start_us} />}
      {object.detail && (
        <div>
          <Sentence text={object.detail} />
        </div>
      )}
      {object.title && <Sentence text={object.title} />}
      {object.p_message !== undefined && (
        <span>
          {t("layer.coverage")}: {percent(object.p_message, lang)}
        </span>
      )}
      {(object.name ?? object.properties?.name) && <Name text={object.name ?? object.properties?.name ?? ""} />}
      {info.layer?.id === "crowd" && number(info.index, lang)}
    </div>
  );
}

const orNull = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value);
