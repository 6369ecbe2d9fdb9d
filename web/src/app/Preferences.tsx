import { LANGUAGES, language, theme } from "./prefs";
import { useStore } from "./store";
import type { Language } from "../format/format";
import { useText } from "../i18n";

const OWN_NAMES: Record<Language, string> = { en: "English", fr: "Français", es: "Español", pt: "Português" };

export function Preferences() {
  const { t, lang } = useText();
  const now = useStore(theme);
  return (
    <span className="preferences">
      <select aria-label={t("prefs.language")} value={lang} onChange={(e) => { language.set(e.target.value as Language); }}>
        {LANGUAGES.map((l) => (
          <option key={l} value={l} lang={l}>
            {OWN_NAMES[l]}
          </option>
        ))}
      </select>
      <button
        type="button"
        onClick={() => { theme.set(now === "dark" ? "light" : "dark"); }}
        aria-label={now === "dark" ? t("prefs.light") : t("prefs.dark")}
        title={now === "dark" ? t("prefs.light") : t("prefs.dark")}
      >
        {now === "dark" ? "☀" : "☾"}
      </button>
    </span>
  );
}
