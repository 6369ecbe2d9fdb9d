import { type FormEvent, useState } from "react";
import { get, patch, post } from "../api/client";
import type { Account, Page, Role } from "../api/types";
import { useAnswer } from "../api/use";
import { tell, tellError } from "../app/toast";
import { shown } from "../format/format";
import { useText } from "../i18n";
import { Policies } from "./Policies";
import { Room } from "../app/Room";

const ROLES: Role[] = ["viewer", "analyst", "reviewer", "administrator"];

export function Accounts() {
  const { t } = useText();
  const [count, setCount] = useState(0);
  const again = () => { setCount((n) => n + 1); };
  const { value, error } = useAnswer(`accounts ${String(count)}`, (signal) => get<Page<Account>>("/accounts", {}, signal));
  const revoke = async (account: Account) => {
    try {
      await patch(`/accounts/${encodeURIComponent(account.account_id)}`, { revoked: account.revoked_us === null });
      again();
    } catch (failure) {
      tellError(failure);
    }
  };
  return (
    <Room title={t("room.accounts")}>
      {error && <p className="note bad" role="alert">{error.message}. {error.help}</p>}
      <table className="rows">
        <thead>
          <tr>
            <th>{t("accounts.handle")}</th>
            <th>{t("accounts.roles")}</th>
            <th>{t("accounts.markings")}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {(value?.items ?? []).map((a) => (
            <tr key={a.account_id} className={a.revoked_us === null ? "" : "revoked"}>
              <td>
                <bdi>{shown(a.handle)}</bdi> <span className="muted small">{a.account_id}</span>
              </td>
              <td>{a.roles.map((r) => t(`role.${r}`)).join(", ")}</td>
              <td className="small">{a.markings.join(" ")}</td>
              <td>
                <button type="button" onClick={() => void revoke(a)}>
                  {a.revoked_us === null ? t("accounts.revoke") : t("accounts.restore")}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Invite done={again} />
      <Policies />
    </Room>
  );
}

function Invite({ done }: { done: () => void }) {
  const { t } = useText();
  const [handle, setHandle] = useState("");
  const [roles, setRoles] = useState<Role[]>(["analyst"]);
  const [markings, setMarkings] = useState("tlp:green");
  const [link, setLink] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      const held = markings.split(/[\s,]+/).filter(Boolean);
      const answer = await post<{ link: string }>("/accounts", { handle, roles, markings: held });
      setLink(answer.link.includes("#") ? answer.link : `${location.origin}/#enrol=${answer.link}`);
      done();
    } catch (failure) {
      tellError(failure);
    }
  };
  const copy = () => {
    void navigator.clipboard.writeText(link ?? "").then(() => { tell(t("accounts.copied")); });
  };
  return (
    <form className="panel" onSubmit={(e) => void submit(e)}>
      <h3>{t("accounts.invite")}</h3>
      <div className="fields">
        <label>
          {t("accounts.handle")}
          <input value={handle} required maxLength={40} onChange={(e) => { setHandle(e.target.value); }} />
        </label>
        <label>
          {t("accounts.markings")}
          <input value={markings} onChange={(e) => { setMarkings(e.target.value); }} />
        </label>
      </div>
      <fieldset>
        <legend>{t("accounts.roles")}</legend>
        {ROLES.map((role) => (
          <label key={role} className="chip">
            <input
              type="checkbox"
              checked={roles.includes(role)}
              onChange={(e) => {
                setRoles(e.target.checked ? [...roles, role] : roles.filter((r) => r !== role));
              }}
            />{" "}
            {t(`role.${role}`)}
          </label>
        ))}
      </fieldset>
      <button type="submit" className="primary" disabled={!handle.trim() || !roles.length}>
        {t("accounts.make_link")}
      </button>
      {link && (
        <p>
          {t("accounts.link")} <code className="secret">{link}</code>{" "}
          <button type="button" onClick={copy}>
            {t("act.copy")}
          </button>
        </p>
      )}
    </form>
  );
}
