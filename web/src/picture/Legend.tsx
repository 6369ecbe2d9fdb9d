import { useState } from "react";
import { useStore } from "../app/store";
import { LAYERS, look, view as viewStore } from "../app/view";
import { useText } from "../i18n";

const SIGNS = ["vessel", "old", "lead", "way", "gap", "reach", "event"] as const;

/** What is drawn, switched on and off; what the signs mean. */
export function Legend() {
  const view = useStore(viewStore);
  const [open, setOpen] = useState(false);
  const { t } = useText();
  return (
    <div className="legend">
      <button type="button" aria-expanded={open} onClick={() => { setOpen(!open); }}>
        {t("layer.title")}
      </button>
      {open && (
        <div className="pop">
          {LAYERS.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={view.layers.includes(name)}
                onChange={(e) => {
                  look({ layers: LAYERS.filter((l) => (l === name ? e.target.checked : view.layers.includes(l))) });
                }}
              />{" "}
              {t(`layer.${name}`)}
            </label>
          ))}
          <ul>
            {SIGNS.map((sign) => (
              <li key={sign}>
                <i className={`sign ${sign}`} aria-hidden="true" /> {t(`mark.${sign}`)}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}
