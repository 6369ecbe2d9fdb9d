import { useEffect } from "react";
import { ApiError } from "../api/client";
import { Key } from "../format/Text";
import { useText } from "../i18n";
import { useKeys } from "./keys";
import { createStore, useStore } from "./store";

interface Told {
  id: number;
  text: string;
  bad: boolean;
  undo?: (() => void) | undefined;
}

const toast = createStore<Told | null>(null);
const SHOWN_MS = 9000;
let last = 0;

export function tell(text: string, undo?: () => void): void {
  last += 1;
  toast.set({ id: last, text, bad: false, undo });
}

export function tellError(error: unknown, text?: string): void {
  last += 1;
  const known = error instanceof ApiError;
  const said = known ? [error.message, error.help].filter(Boolean).join(": ") : String(error);
  toast.set({ id: last, text: text ? `${text} ${said}` : said, bad: true });
}

export function Toast() {
  const told = useStore(toast);
  const { t } = useText();
  const undo = told?.undo;
  const takeBack = () => {
    undo?.();
    toast.set(null);
  };
  useKeys({ u: takeBack }, undo !== undefined);
  useEffect(() => {
    if (!told) return;
    const timer = setTimeout(() => {
      toast.set((now) => (now?.id === told.id ? null : now));
    }, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [told]);
  return (
    <div className="toasts" role={told?.bad ? "alert" : "status"} aria-live="polite">
      {told && (
        <div className={told.bad ? "toast bad" : "toast"}>
          <span>{told.text}</span>
          {undo && (
            <button type="button" onClick={takeBack}>
              {t("act.undo")} <Key>u</Key>
            </button>
          )}
          <button
            type="button"
            className="bare"
            aria-label={t("act.close")}
            onClick={() => {
              toast.set(null);
            }}
          >
            ×
          </button>
        </div>
      )}
    </div>
  );
}
