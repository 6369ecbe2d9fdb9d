import { type FormEvent, useState } from "react";
import { may, post } from "../api/client";
import { loadStatus, status as statusStore } from "../api/stream";
import { StepUp } from "../access/StepUp";
import { useKeys } from "../app/keys";
import { useStore } from "../app/store";
import { tell, tellError } from "../app/toast";
import { Time } from "../format/Text";
import { useText } from "../i18n";

/** Any reviewer pulls it; two release it. While it is pulled nothing leaves. */
export function StopSwitch() {
  const stop = useStore(statusStore)?.stop_switch ?? null;
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const { t } = useText();
  useKeys({ Escape: () => { setOpen(false); } }, open);
  if (!stop || !may("reviewer", "administrator", "analyst", "viewer")) return null;
  const act = async (work: () => Promise<unknown>, said: string) => {
    try {
      await work();
      await loadStatus();
      setOpen(false);
      setReason("");
      tell(said);
    } catch (error) {
      tellError(error);
    }
  };
  const pull = (event: FormEvent) => {
    event.preventDefault();
    void act(() => post("/stop", { reason }), t("stop.was_pulled"));
  };
  return (
    <div className="stop">
      <button
        type="button"
        className={stop.pulled ? "pulled" : "bare"}
        aria-expanded={open}
        onClick={() => { setOpen(!open); }}
      >
        {stop.pulled ? t("stop.pulled") : t("stop.ready")}
      </button>
      {open && (
        <div className="pop" role="dialog" aria-label={t("stop.title")}>
          <h3>{t("stop.title")}</h3>
          <p>{t("stop.help")}</p>
          {stop.pulled ? (
            <>
              <p>{stop.since_us !== null && <Time us={stop.since_us} form="long" />} <bdi>{stop.by}</bdi></p>
              {may("reviewer") && (
                <StepUp
                  label={t("stop.release")}
                  disabled={false}
                  options={{ path: "/stop/release/options", body: {} }}
                  prove={(give) => void act(async () => post("/stop/release", await give()), t("stop.release_said"))}
                />
              )}
            </>
          ) : (
            may("reviewer") && (
              <form onSubmit={pull} className="fields column">
                <label>
                  {t("decide.reason")}
                  <input value={reason} required maxLength={500} autoFocus onChange={(e) => { setReason(e.target.value); }} />
                </label>
                <button type="submit" className="dismiss" disabled={!reason.trim()}>
                  {t("stop.pull")}
                </button>
              </form>
            )
          )}
        </div>
      )}
    </div>
  );
}
