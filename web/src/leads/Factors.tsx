import type { Factor, LeadCard } from "../api/types";
import { percent } from "../format/format";
import { Sentence } from "../format/Text";
import { useText } from "../i18n";

/** Bars to the right speak for the lead, to the left against it; all on one scale. */
export function Factors({ card, onShow }: { card: LeadCard; onShow: (factor: Factor) => void }) {
  const { t, lang } = useText();
  const grounds = card.factors.filter((f) => f.name !== "prior");
  const groups = [
    { name: t("factors.for"), rows: grounds.filter((f) => f.log_odds > 0) },
    { name: t("factors.innocent"), rows: grounds.filter((f) => f.log_odds <= 0 && f.innocent) },
    { name: t("factors.against"), rows: grounds.filter((f) => f.log_odds <= 0 && !f.innocent) },
  ];
  const most = Math.max(1, Math.abs(card.prior_log_odds), ...grounds.map((f) => Math.abs(f.log_odds)));
  const sum = card.lead.log_odds;
  return (
    <div className="factors">
      {groups.map(
        ({ name, rows }) =>
          rows.length > 0 && (
            <section key={name}>
              <h4>{name}</h4>
              <ul>
                {rows.map((factor, i) => (
                  <Row key={`${factor.name} ${factor.of} ${String(i)}`} factor={factor} most={most} onShow={onShow} />
                ))}
              </ul>
            </section>
          ),
      )}
      <p className="sum">
        {t("factors.start")} <b>{signed(card.prior_log_odds, lang)}</b> · {t("factors.sum")}{" "}
        <b>{signed(sum, lang)}</b> → <b>{percent(card.lead.probability, lang)}</b>
      </p>
    </div>
  );
}

function Row({ factor, most, onShow }: { factor: Factor; most: number; onShow: (factor: Factor) => void }) {
  const { t, lang, word } = useText();
  const width = `${String((50 * Math.abs(factor.log_odds)) / most)}%`;
  const forIt = factor.log_odds > 0;
  return (
    <li className={forIt ? "factor for" : "factor against"}>
      <div className="weigh">
        <span className="factor-name">{word("kind", factor.name)}</span>
        <span className="track" aria-hidden="true">
          <b style={forIt ? { left: "50%", width } : { right: "50%", width }} />
        </span>
        <span className="weight">{signed(factor.log_odds, lang)}</span>
      </div>
      <p>
        <Sentence text={factor.detail} />{" "}
        {factor.evidence.length > 0 && (
          <button type="button" className="link" onClick={() => { onShow(factor); }}>
            {t("factors.show", { n: factor.evidence.length })}
          </button>
        )}
      </p>
    </li>
  );
}

export function signed(value: number, language: string): string {
  const sign = value < 0 ? "−" : "+";
  const digits = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return sign + digits.format(Math.abs(value));
}
