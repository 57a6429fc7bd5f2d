/** Moments in the reader's zone, with the zone's name; ages that keep up with the clock. */
import { useSyncExternalStore } from "react";

const TICK_MS = 15_000;
const TO_THE_MINUTE = {
  day: "2-digit",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
} as const;
const WITH_ZONE = { hourCycle: "h23", timeZoneName: "short" } as const;
/** Each knows other zones by name: IST, CET, EST. Where none does, the offset stands instead. */
const LOCALES = ["en-IN", "en-GB", "en-US"] as const;
const LOCALE =
  LOCALES.find((each) => !/GMT[+-]/.test(new Intl.DateTimeFormat(each, WITH_ZONE).format())) ?? "en-GB";
const MOMENT = new Intl.DateTimeFormat(LOCALE, { ...TO_THE_MINUTE, ...WITH_ZONE });
const PRECISE = new Intl.DateTimeFormat(LOCALE, { ...TO_THE_MINUTE, second: "2-digit", ...WITH_ZONE });
const BRIEF = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "2-digit",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
] as const;

/** `24 Nov 2026, 18:42 IST`, for an ISO 8601 time. */
export function moment(at: string, precise = false): string {
  return (precise ? PRECISE : MOMENT).format(new Date(at));
}

/** `24 Nov, 18:42`, where the zone is named nearby. */
export function brief(at: string): string {
  return BRIEF.format(new Date(at));
}

/** `24 Nov 2026`, for a date without a time. */
export function day(date: string): string {
  return DAY.format(new Date(`${date}T00:00:00Z`));
}

/** Two units at most: `2 d 4 h`, `12 min`, `8 s`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const index = UNITS.findIndex(([, size]) => whole >= size);
  const unit = UNITS[index];
  if (!unit) return `${whole} s`;
  const [name, size] = unit;
  const next = UNITS[index + 1];
  const rest = next ? Math.floor((whole % size) / next[1]) : 0;
  const first = `${Math.floor(whole / size)} ${name}`;
  return next && rest ? `${first} ${rest} ${next[0]}` : first;
}

export function Time({ at, precise = false }: { at: string; precise?: boolean }) {
  return (
    <time dateTime={at} className="whitespace-nowrap">
      {moment(at, precise)}
    </time>
  );
}

/** How long ago, with the moment itself as its title. */
export function Age({ since, suffix = "" }: { since: string; suffix?: string }) {
  const now = useNow();
  return (
    <time dateTime={since} title={moment(since, true)} className="whitespace-nowrap">
      {span((now - Date.parse(since)) / 1000)}
      {suffix}
    </time>
  );
}

/** The clock in steps; one timer serves every age on the page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => tick);
}

let tick = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

function subscribe(watcher: () => void): () => void {
  watchers.add(watcher);
  tick = Date.now();
  timer ??= setInterval(() => {
    tick = Date.now();
    for (const each of watchers) each();
  }, TICK_MS);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}
