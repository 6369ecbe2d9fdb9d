import { type FormEvent, useState } from "react";
import { post } from "../api/client";
import { useText } from "../i18n";
import { askPasskey, supported } from "./passkey";

export type Proof = { credential: unknown } | { password: string; code: string };

interface Props {
  label: string;
  disabled: boolean;
  /** Where the options of a passkey come from, with its body. */
  options: { path: string; body: unknown };
  prove: (give: () => Promise<Proof>) => void;
}

/** A fresh yes: by passkey, or by password and code where there is no passkey. */
export function StepUp({ label, disabled, options, prove }: Props) {
  const { t } = useText();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const withPasskey = () => {
    prove(async () => {
      const asked = await post<Record<string, unknown>>(options.path, options.body);
      return { credential: await askPasskey(asked) };
    });
  };
  const withPassword = (event: FormEvent) => {
    event.preventDefault();
    const given = { password, code };
    setPassword("");
    setCode("");
    prove(() => Promise.resolve(given));
  };
  return (
    <div>
      {supported() && (
        <button type="button" className="approve" disabled={disabled} onClick={withPasskey}>
          {label}
        </button>
      )}
      <details>
        <summary>{t("sign.or_password")}</summary>
        <form className="fields" onSubmit={withPassword}>
          <label>
            {t("sign.password")}
            <input type="password" value={password} required autoComplete="current-password" onChange={(e) => { setPassword(e.target.value); }} />
          </label>
          <label>
            {t("sign.code")}
            <input value={code} required inputMode="numeric" pattern="[0-9]{6,8}" autoComplete="one-time-code" onChange={(e) => { setCode(e.target.value); }} />
          </label>
          <button type="submit" disabled={disabled}>
            {label}
          </button>
        </form>
      </details>
    </div>
  );
}
