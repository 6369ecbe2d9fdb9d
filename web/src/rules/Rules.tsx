import { useState } from "react";
import { get, may, post, put } from "../api/client";
import type { DryRun, DryRunLead, Page, Rule, RuleField } from "../api/types";
import { useAnswer } from "../api/use";
import { Room } from "../app/Room";
import { tell, tellError } from "../app/toast";
import { openLead } from "../app/view";
import { percent, shown } from "../format/format";
import { Sentence, Time } from "../format/Text";
import { useText } from "../i18n";

type Value = RuleField["value"];
const DAYS = 7;
const LASTS_DAYS = 90;
const DAY_US = 86400e6;

/** Forms made from the fields of detectors and factors. Nothing is saved before a dry run. */
export function Rules() {
  const { t, word } = useText();
  const [count, setCount] = useState(0);
  const [open, setOpen] = useState<string | null>(null);
  const [text, setText] = useState("");
  const { value, error } = useAnswer(`rules ${String(count)}`, (signal) =>
    get<Rule[] | Page<Rule>>("/rules", {}, signal),
  );
  const rules = Array.isArray(value) ? value : (value?.items ?? []);
  const wanted = rules.filter((r) => `${r.target} ${word("kind", r.target)}`.toLowerCase().includes(text.toLowerCase()));
  const rule = rules.find((r) => r.rule_id === open) ?? null;
  return (
    <Room title={t("room.rules")}>
      <p className="muted">{t("rules.help")}</p>
      {error && <p className="note bad" role="alert">{error.message}. {error.help}</p>}
      <div className="split">
        <nav aria-label={t("room.rules")}>
          <input type="search" aria-label={t("rules.find")} placeholder={t("rules.find")} value={text} onChange={(e) => { setText(e.target.value); }} />
          <ul className="choices">
            {wanted.map((r, i) => (
              <li key={r.rule_id}>
                {groupOf(r) !== (wanted[i - 1] && groupOf(wanted[i - 1] ?? r)) && <h3>{t(groupOf(r))}</h3>}
                <button type="button" aria-current={r.rule_id === open || undefined} onClick={() => { setOpen(r.rule_id); }}>
                  {word("kind", r.target)}
                  {r.expires_us !== null && <span className="muted small"> {t("rules.until")} <Time us={r.expires_us} /></span>}
                </button>
              </li>
            ))}
          </ul>
        </nav>
        {rule ? (
          <RuleForm key={`${rule.rule_id} ${String(rule.version)}`} rule={rule} saved={() => { setCount((n) => n + 1); }} />
        ) : (
          <p className="muted">{t("rules.choose")}</p>
        )}
      </div>
    </Room>
  );
}

function groupOf(rule: Rule): "rules.detectors" | "rules.factors" {
  return rule.rule_id.startsWith("factor") ? "rules.factors" : "rules.detectors";
}

function RuleForm({ rule, saved }: { rule: Rule; saved: () => void }) {
  const { t, word } = useText();
  const [values, setValues] = useState<Record<string, Value>>({});
  const [reason, setReason] = useState("");
  const [days, setDays] = useState(LASTS_DAYS);
  const [run, setRun] = useState<{ answer: DryRun; of: string } | null>(null);
  const [busy, setBusy] = useState(false);
  const changed = Object.fromEntries(Object.entries(values).filter(([k, v]) => v !== rule.fields.find((f) => f.name === k)?.value));
  // a change replaces the one before it: what differs from the usual goes along
  const kept = rule.fields.filter((f) => f.value !== f.default).map((f) => [f.name, f.value] as const);
  const whole = { ...Object.fromEntries(kept), ...changed };
  const key = JSON.stringify(changed);
  const dirty = Object.keys(changed).length > 0;
  const tried = run?.of === key;
  const attempt = async (act: () => Promise<void>) => {
    setBusy(true);
    try {
      await act();
    } catch (failure) {
      tellError(failure);
    } finally {
      setBusy(false);
    }
  };
  const path = `/rules/${encodeURIComponent(rule.rule_id)}`;
  const dry = () =>
    attempt(async () => {
      const answer = await post<DryRun>("/rules/dry-run", { changes: { [rule.rule_id]: whole }, days: DAYS });
      setRun({ answer, of: key });
    });
  const save = () =>
    attempt(async () => {
      await put(path, { values: whole, expires_us: Date.now() * 1000 + days * DAY_US, reason });
      tell(t("rules.saved"));
      saved();
    });
  const renew = () => attempt(async () => {
    await post(`${path}/renew`, { expires_us: Date.now() * 1000 + LASTS_DAYS * DAY_US, reason: t("rules.renew") });
    saved();
  });
  const mayChange = may("administrator", "reviewer");
  return (
    <form className="panel" onSubmit={(e) => { e.preventDefault(); }}>
      <h2>{word("kind", rule.target)} <span className="muted small">{rule.rule_id}</span></h2>
      {rule.expires_us !== null && (
        <p className="note">
          {t("rules.expires")} <Time us={rule.expires_us} form="long" />{" "}
          {mayChange && <button type="button" disabled={busy} onClick={() => void renew()}>{t("rules.renew")}</button>}
        </p>
      )}
      {rule.fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          value={field.name in values ? (values[field.name] ?? null) : field.value}
          change={(v) => { setValues({ ...values, [field.name]: v }); }}
        />
      ))}
      {dirty && mayChange && (
        <p className="buttons">
          <button type="button" className={tried ? "" : "primary"} disabled={busy} onClick={() => void dry()}>
            {busy ? t("act.loading") : t("rules.dry_run", { n: DAYS })}
          </button>
          <button type="button" onClick={() => { setValues({}); setRun(null); }}>
            {t("act.cancel")}
          </button>
        </p>
      )}
      {run && tried && <Difference run={run.answer} />}
      {run && tried && mayChange && (
        <div className="fields">
          <label>
            {t("rules.reason")}
            <input value={reason} required maxLength={500} onChange={(e) => { setReason(e.target.value); }} />
          </label>
          <label>
            {t("rules.lasts")}
            <input type="number" min={1} max={365} value={days} onChange={(e) => { setDays(Number(e.target.value)); }} />
          </label>
          <button type="button" className="primary" disabled={busy || !reason.trim()} onClick={() => void save()}>
            {t("rules.save")}
          </button>
        </div>
      )}
    </form>
  );
}

function Field({ field, value, change }: { field: RuleField; value: Value; change: (value: Value) => void }) {
  const { t } = useText();
  const id = `field-${field.name}`;
  const isNumber = typeof field.value === "number" || /int|float|number/.test(field.type);
  const usual = field.default === null ? "–" : String(field.default);
  return (
    <div className="rule-field">
      <label htmlFor={id}><code>{field.name}</code></label>
      {typeof field.value === "boolean" ? (
        <input id={id} type="checkbox" checked={value === true} onChange={(e) => { change(e.target.checked); }} />
      ) : (
        <input
          id={id}
          type={isNumber ? "number" : "text"}
          step="any"
          min={field.minimum ?? undefined}
          value={value === null ? "" : String(value)}
          onChange={(e) => { change(isNumber ? Number(e.target.value) : e.target.value); }}
        />
      )}
      <span className="unit">{field.unit ?? ""}</span>
      <span className="muted small">
        {t("rules.usual")} {usual}. {field.doc && <Sentence text={field.doc} />}
      </span>
    </div>
  );
}

function Difference({ run }: { run: DryRun }) {
  const { t } = useText();
  const parts = [
    { name: t("rules.added", { n: run.added.length }), rows: run.added, mark: "+" },
    { name: t("rules.removed", { n: run.removed.length }), rows: run.removed, mark: "−" },
    { name: t("rules.changed", { n: run.changed.length }), rows: run.changed, mark: "≠" },
  ];
  return (
    <div role="status">
      {parts.map(({ name, rows, mark }) => (
        <section key={mark}>
          <h4>{name}</h4>
          <ul className="plain">
            {rows.slice(0, 20).map((row) => (
              <DryRow key={row.lead_id} row={row} mark={mark} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function DryRow({ row, mark }: { row: DryRunLead; mark: string }) {
  const { lang } = useText();
  return (
    <li>
      {mark} <button type="button" className="link" onClick={() => { openLead(row.lead_id); }}>
        <bdi lang="en">{shown(row.title)}</bdi>
      </button>{" "}
      {row.probability_before !== null && `${percent(row.probability_before, lang)} → `}
      {percent(row.probability, lang)} {row.why && <span className="muted"><bdi lang="en">{shown(row.why)}</bdi></span>}
    </li>
  );
}
