import { useText } from "../i18n";
import type { Key as TextKey } from "../i18n";
import { Room } from "./Room";

const KEYS: [string, TextKey][] = [
  ["j / k", "help.next"],
  ["Enter", "help.open"],
  ["a", "verdict.approve"],
  ["d", "verdict.reject"],
  ["s", "verdict.snooze"],
  ["m", "verdict.need_more"],
  ["u", "act.undo"],
  ["/", "search.label"],
  ["g", "help.map"],
  ["t", "help.time"],
  ["p / l", "help.play"],
  [", / .", "help.minute"],
  ["n", "help.area"],
  ["w", "help.wall"],
  ["?", "room.help"],
  ["Esc", "act.back"],
];

const TOPICS: [TextKey, TextKey][] = [
  ["help.feeds", "help.feeds_text"],
  ["help.leads", "help.leads_text"],
  ["help.probability", "help.probability_text"],
  ["help.silence", "help.silence_text"],
  ["help.replay", "help.replay_text"],
  ["help.links", "help.links_text"],
];

export function Help() {
  const { t } = useText();
  return (
    <Room title={t("room.help")}>
      <div className="split help">
        <section>
          <h2>{t("help.keys")}</h2>
          <dl className="keys">
            {KEYS.map(([keys, text]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{t(text)}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          {TOPICS.map(([title, text]) => (
            <div key={title}>
              <h2>{t(title)}</h2>
              <p>{t(text)}</p>
            </div>
          ))}
        </section>
      </div>
    </Room>
  );
}
