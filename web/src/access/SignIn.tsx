import { type FormEvent, type ReactNode, useState } from "react";
import { ApiError, loadSession, post } from "../api/client";
import { useText } from "../i18n";
import { Preferences } from "../app/Preferences";
import { supported, askPasskey } from "./passkey";

export function Gate({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="gate">
      <div className="gate-box">
        <p className="brand">
          <img src="/icon.svg" alt="" width="28" height="28" /> Fairlead
        </p>
        <h1>{title}</h1>
        {children}
      </div>
      <Preferences />
    </main>
  );
}

/** What went wrong, in the server's words; a passkey that was not given is not an error of ours. */
export function whatFailed(error: unknown, cancelled: string): string {
  if (error instanceof ApiError) return [error.message, error.help].filter(Boolean).join(". ");
  if (error instanceof DOMException) return cancelled;
  return String(error);
}

export function SignIn({ enrolmentOpen }: { enrolmentOpen: boolean }) {
  const { t } = useText();
  const [error, setError] = useState<string | null>(null);
  const [handle, setHandle] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const attempt = async (act: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await act();
      await loadSession();
    } catch (failure) {
      setError(whatFailed(failure, t("sign.cancelled")));
    } finally {
      setBusy(false);
    }
  };
  const withPasskey = () =>
    attempt(async () => {
      const options = await post<Record<string, unknown>>("/sign-in/options");
      await post("/sign-in/passkey", { credential: await askPasskey(options) });
    });
  const withPassword = (event: FormEvent) => {
    event.preventDefault();
    void attempt(() => post("/sign-in/password", { handle, password, code }));
  };
  return (
    <Gate title={t("sign.title")}>
      {enrolmentOpen && <p className="note">{t("sign.first_start")}</p>}
      {error && (
        <p className="note bad" role="alert">
          {error}
        </p>
      )}
      {supported() && (
        <button type="button" className="primary wide" disabled={busy} onClick={() => void withPasskey()} autoFocus>
          {t("sign.passkey")}
        </button>
      )}
      <details>
        <summary>{t("sign.or_password")}</summary>
        <form onSubmit={withPassword} className="fields column">
          <label>
            {t("sign.handle")}
            <input value={handle} required autoComplete="username" onChange={(e) => { setHandle(e.target.value); }} />
          </label>
          <label>
            {t("sign.password")}
            <input
              type="password"
              value={password}
              required
              autoComplete="current-password"
              onChange={(e) => { setPassword(e.target.value); }}
            />
          </label>
          <label>
            {t("sign.code")}
            <input
              value={code}
              required
              inputMode="numeric"
              pattern="[0-9]{6}"
              autoComplete="one-time-code"
              onChange={(e) => { setCode(e.target.value); }}
            />
          </label>
          <button type="submit" disabled={busy}>
            {t("sign.in")}
          </button>
        </form>
      </details>
    </Gate>
  );
}
