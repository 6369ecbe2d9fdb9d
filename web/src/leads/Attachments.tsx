import { useRef, useState } from "react";
import { get, may, send, url } from "../api/client";
import { useAnswer } from "../api/use";
import { tell, tellError } from "../app/toast";
import { shown } from "../format/format";
import { useText } from "../i18n";

interface Claimed {
  evidence_id: string;
  kind: string;
  detail: string;
  has_picture: boolean;
  claims: { kind: string; value: string; said: string }[];
}

/** Photographs and reports that people add; what they claim, and what was taken out. */
export function Attachments({ lead }: { lead: string }) {
  const { t } = useText();
  const [count, setCount] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const path = `/leads/${encodeURIComponent(lead)}/evidence-files`;
  const files = useAnswer(`${path} ${String(count)}`, (signal) => get<{ items: Claimed[] }>(path, {}, signal));
  const upload = async (file: File) => {
    try {
      await send(url(path), { method: "POST", body: file, headers: { "Content-Type": file.type } });
      setCount(count + 1);
      tell(t("attach.done"));
    } catch (error) {
      tellError(error);
    }
  };
  const items = files.value?.items ?? [];
  if (files.error && !items.length) return null;
  return (
    <>
      <h3>{t("attach.title")}</h3>
      <ul className="plain">
        {items.map((item) => (
          <li key={item.evidence_id}>
            {item.has_picture && (
              <img
                className="photograph"
                src={url(`/evidence-files/${encodeURIComponent(item.evidence_id)}/picture`)}
                alt={item.detail ? shown(item.detail) : t("attach.title")}
              />
            )}
            <bdi>{shown(item.detail)}</bdi>
            {item.claims.map((c) => (
              <div key={`${c.kind} ${c.value}`}>
                <span className="muted">{c.kind.replaceAll("_", " ")}</span> <bdi>{shown(c.value)}</bdi>
              </div>
            ))}
          </li>
        ))}
      </ul>
      {may("analyst", "reviewer", "administrator") && (
        <>
          <input
            ref={field}
            type="file"
            className="hidden"
            aria-label={t("attach.add")}
            accept="image/jpeg,image/png,image/webp,image/tiff,text/plain"
            onChange={(e) => {
              const file = e.target.files?.[0];
              if (file) void upload(file);
              e.target.value = "";
            }}
          />
          <button type="button" onClick={() => field.current?.click()}>
            {t("attach.add")}
          </button>{" "}
          <span className="muted">{t("attach.note")}</span>
        </>
      )}
    </>
  );
}
