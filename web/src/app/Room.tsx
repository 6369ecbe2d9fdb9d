import type { ReactNode } from "react";
import { Key } from "../format/Text";
import { useText } from "../i18n";
import { useKeys } from "./keys";
import { openRoom } from "./view";

/** A page of its own, in place of queue, map and card. */
export function Room({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useText();
  useKeys({ Escape: () => { openRoom("watch"); } });
  return (
    <main className="room" aria-label={title}>
      <header className="bar">
        <h1>{title}</h1>
        <button type="button" className="bare" onClick={() => { openRoom("watch"); }}>
          {t("act.back")} <Key>Esc</Key>
        </button>
      </header>
      <div className="room-body" tabIndex={0} role="region" aria-label={title}>{children}</div>
    </main>
  );
}
