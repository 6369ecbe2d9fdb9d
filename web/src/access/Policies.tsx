import { useState } from "react";
import { get } from "../api/client";
import { useAnswer } from "../api/use";
import { shown } from "../format/format";
import { useText } from "../i18n";

interface Policy {
  policy_id: string;
  file: string;
  text: string;
  effect: string;
}

/** The policies in force, as they are written. */
export function Policies() {
  const { t } = useText();
  const { value } = useAnswer("policy", (signal) => get<{ items: Policy[] }>("/policy", {}, signal));
  if (!value) return null;
  return (
    <details className="panel">
      <summary>
        {t("policy.title")} ({value.items.length})
      </summary>
      {value.items.map((p) => (
        <section key={p.policy_id}>
          <h4>
            {p.policy_id} <em className="tag">{p.effect}</em> <span className="muted small">{p.file}</span>
          </h4>
          <pre>{p.text}</pre>
        </section>
      ))}
    </details>
  );
}

/** Which policy lets this person do that, or does not. */
export function WhyAllowed({ action, resource }: { action: string; resource: string }) {
  const { t } = useText();
  const [asked, setAsked] = useState(false);
  const { value, error } = useAnswer(asked ? `explain ${action} ${resource}` : null, (signal) =>
    get<{ allowed: boolean; policies: string[] }>("/policy/explain", { action, resource }, signal),
  );
  if (!asked) {
    return (
      <button type="button" className="link" onClick={() => { setAsked(true); }}>
        {t("policy.why")}
      </button>
    );
  }
  if (error) return <span className="bad">{error.message}</span>;
  return (
    <span role="status">
      {value && (value.allowed ? t("policy.allowed") : t("policy.refused"))}{" "}
      <code>{value?.policies.map(shown).join(", ")}</code>
    </span>
  );
}
