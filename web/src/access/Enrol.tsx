import { type FormEvent, useState } from "react";
import { loadSession, post } from "../api/client";
import { useText } from "../i18n";
import { createPasskey, supported } from "./passkey";
import { Gate, whatFailed } from "./SignIn";

/** By a one-time link: a handle of one's own choice, and a passkey or a password with codes. */
export function Enrol({ link, done }: { link: string; done: () => void }) {
  const { t } = useText();
  const [handle, setHandle] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [totp, setTotp] = useState<{ totp_uri: string } | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const attempt = async (act: () => Promise<boolean>) => {
    setBusy(true);
    setError(null);
    try {
      if (await act()) {
        await loadSession();
        done();
      }
    } catch (failure) {
      setError(whatFailed(failure, t("sign.cancelled")));
    } finally {
      setBusy(false);
    }
  };
  const withPasskey = () =>
    attempt(async () => {
      const options = await post<Record<string, unknown>>("/enrol/options", { link, handle });
      await post("/enrol/passkey", { link, handle, credential: await createPasskey(options) });
      return true;
    });
  const withPassword = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      setTotp(await post("/enrol/password", { link, handle, password }));
      return false;
    });
  };
  const withCode = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      await post("/enrol/totp", { link, code });
      return true;
    });
  };
  return (
    <Gate title={t("enrol.title")}>
      {error && (
        <p className="note bad" role="alert">
          {error}
        </p>
      )}
      {totp ? (
        <form className="fields column" onSubmit={withCode}>
          <p>{t("enrol.totp")}</p>
          <code className="secret">{new URL(totp.totp_uri).searchParams.get("secret")}</code>
          <label>
            {t("sign.code")}
            <input value={code} required inputMode="numeric" pattern="[0-9]{6}" onChange={(e) => { setCode(e.target.value); }} />
          </label>
          <button type="submit" className="primary" disabled={busy}>
            {t("enrol.finish")}
          </button>
        </form>
      ) : (
        <>
          <p>{t("enrol.help")}</p>
          <div className="fields column">
            <label>
              {t("sign.handle")}
              <input value={handle} required autoFocus maxLength={40} autoComplete="username" onChange={(e) => { setHandle(e.target.value); }} />
            </label>
          </div>
          {supported() && (
            <button type="button" className="primary wide" disabled={busy || !handle.trim()} onClick={() => void withPasskey()}>
              {t("enrol.passkey")}
            </button>
          )}
          <details>
            <summary>{t("sign.or_password")}</summary>
            <form className="fields column" onSubmit={withPassword}>
              <label>
                {t("sign.password")}
                <input
                  type="password"
                  value={password}
                  required
                  minLength={12}
                  autoComplete="new-password"
                  onChange={(e) => { setPassword(e.target.value); }}
                />
              </label>
              <button type="submit" disabled={busy || !handle.trim()}>
                {t("enrol.with_password")}
              </button>
            </form>
          </details>
        </>
      )}
    </Gate>
  );
}
