import { lazy, Suspense, useEffect, useState } from "react";
import { loadSession, may, post, session } from "../api/client";
import { follow, loadStatus, status as statusStore } from "../api/stream";
import { Accounts } from "../access/Accounts";
import { Enrol } from "../access/Enrol";
import { Gate, SignIn } from "../access/SignIn";
import { AreaPanel } from "../area/AreaPanel";
import { FeedStrip, SilenceBanner } from "../feeds/FeedStrip";
import { clock } from "../format/format";
import { useText } from "../i18n";
import { Card } from "../leads/Card";
import { Queue } from "../leads/Queue";
import { Ledger } from "../ledger/Ledger";
import { Legend } from "../picture/Legend";
import { loadPicture } from "../picture/load";
import { takePositions } from "../picture/store";
import { Referrals } from "../referrals/Referrals";
import { StopSwitch } from "../referrals/StopSwitch";
import { Rules } from "../rules/Rules";
import { TimeBar } from "../time/TimeBar";
import { Dossier } from "../vessels/Dossier";
import { Search } from "../vessels/Search";
import { Help } from "./Help";
import { useKeys } from "./keys";
import { Preferences } from "./Preferences";
import { useStore } from "./store";
import { Toast } from "./toast";
import { look, openRoom, type Room, view as viewStore } from "./view";

const ChartMap = lazy(() => import("../picture/Map").then((m) => ({ default: m.ChartMap })));

export function App() {
  const who = useStore(session);
  const [enrolmentOpen, setEnrolmentOpen] = useState(false);
  const [link, setLink] = useState(enrolmentLink);
  const [error, setError] = useState<string | null>(null);
  const { t } = useText();
  useEffect(() => {
    const read = () => { setLink(enrolmentLink()); };
    addEventListener("hashchange", read);
    loadSession().then(
      (told) => { setEnrolmentOpen(told.enrolmentOpen); },
      () => { setError(t("app.unreachable")); },
    );
    return () => { removeEventListener("hashchange", read); };
    // once, at the start
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
  if (link) {
    const done = () => {
      location.hash = "#/watch";
      setLink(null);
    };
    return <Enrol link={link} done={done} />;
  }
  if (error) return <Gate title={error}><button type="button" onClick={() => { location.reload(); }}>{t("act.again")}</button></Gate>;
  if (who === undefined) return <p className="gate">{t("act.loading")}</p>;
  if (who === null) return <SignIn enrolmentOpen={enrolmentOpen} />;
  return <Console />;
}

function enrolmentLink(): string | null {
  const found = /^#\/?enrol[=/](.+)$/.exec(location.hash);
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}

const ROOMS: Room[] = ["watch", "area", "rules", "referrals", "ledger"];

function Console() {
  const view = useStore(viewStore);
  const { t } = useText();
  useEffect(() => {
    const again = () => {
      void loadStatus();
      void loadPicture();
    };
    again();
    return follow(takePositions, again);
  }, []);
  useKeys({
    "?": () => { openRoom(view.room === "help" ? "watch" : "help"); },
    w: () => { look({ wall: !view.wall }); },
    n: () => { openRoom("area"); },
  });
  const page = pageOf(view.room);
  const side = view.room === "area" ? "area" : (view.lead ?? view.vessel) === null ? "" : "card";
  return (
    <div className={`shell ${side ? "with-card" : ""} ${view.wall ? "wall" : ""}`}>
      <a className="skip" href="#queue" onClick={(e) => {
        e.preventDefault();
        document.querySelector<HTMLElement>(".leads button")?.focus();
      }}>
        {t("app.skip")}
      </a>
      <header className="strip">
        <img src="/icon.svg" alt="Fairlead" width="22" height="22" />
        <FeedStrip />
        <Clock />
        <StopSwitch />
        <Search />
        <nav aria-label={t("app.rooms")}>
          {[...ROOMS, ...(may("administrator") ? (["accounts"] as const) : []), "help" as const].map((room) => (
            <button
              key={room}
              type="button"
              className="bare"
              aria-current={view.room === room ? "page" : undefined}
              onClick={() => { openRoom(room); }}
            >
              {room === "help" ? "?" : t(`room.${room}`)}
              {room === "help" && <span className="hidden">{t("room.help")}</span>}
            </button>
          ))}
        </nav>
        <Preferences />
        <Who />
      </header>
      {page ?? (
        <main className="watch">
          <Queue />
          <div className="middle">
            <Suspense fallback={<div className="chart" />}>
              <ChartMap />
            </Suspense>
            <SilenceBanner />
            <Legend />
          </div>
          {view.room === "area" && <AreaPanel />}
          {view.room === "watch" && view.lead !== null && <Card key={view.lead} id={view.lead} />}
          {view.room === "watch" && view.vessel !== null && <Dossier key={view.vessel} mmsi={view.vessel} />}
          <TimeBar />
        </main>
      )}
      <Toast />
    </div>
  );
}

function pageOf(room: Room) {
  if (room === "rules") return <Rules />;
  if (room === "referrals") return <Referrals />;
  if (room === "accounts") return <Accounts />;
  if (room === "ledger") return <Ledger />;
  if (room === "help") return <Help />;
  return null;
}

function Who() {
  const who = useStore(session);
  const { t } = useText();
  const leave = () => {
    void post("/sign-out").finally(() => { session.set(null); });
  };
  return (
    <span className="who-am-i">
      <bdi className="muted">{who?.handle}</bdi>
      <button type="button" className="bare" onClick={leave}>
        {t("sign.out")}
      </button>
    </span>
  );
}

function Clock() {
  const [now, setNow] = useState(() => Date.now());
  const status = useStore(statusStore);
  const { t } = useText();
  useEffect(() => {
    const timer = setInterval(() => { setNow(Date.now()); }, 1000);
    return () => { clearInterval(timer); };
  }, []);
  const title = status?.settled_us ? `${t("time.settled")} ${new Date(status.settled_us / 1000).toISOString()}` : "";
  return (
    <time className="clock" title={title} dateTime={new Date(now).toISOString()}>
      {clock(now * 1000)} UTC
    </time>
  );
}
