/** Live news by server-sent events: what moved makes the queries that show it ask again, and badges count along. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Api } from "./client";

/** Many invoices move at once in a busy minute; the lists ask once for all of them. */
const GATHER_MS = 700;
/** After a refusal (too many listen, or the session ended) the browser does not try again by itself. */
const AGAIN_MS = 30_000;
/** Whose answers depend on where invoices are. */
const MOVED = ["today", "invoices", "exceptions"] as const;

export type Live = "connecting" | "live" | "lost";
export type Counts = Api<"DayNumbers">;

/** Listens while the console is open; the browser connects again with the last event's id and hears what it missed. */
export function useEvents(active: boolean): Live {
  const queries = useQueryClient();
  const [live, setLive] = useState<Live>("connecting");
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is a new connection
  useEffect(() => {
    if (!active) return;
    const source = new EventSource("/api/v1/events");
    const moved = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      for (const key of MOVED) void queries.invalidateQueries({ queryKey: [key] });
      for (const id of moved) void queries.invalidateQueries({ queryKey: ["invoice", id] });
      moved.clear();
    };
    source.addEventListener("open", () => setLive("live"));
    source.addEventListener("error", () => {
      setLive("lost");
      if (source.readyState !== EventSource.CLOSED) return;
      // Says whether one is signed in still; who is not is led to sign in.
      void queries.invalidateQueries({ queryKey: ["me"] });
      again = setTimeout(() => setAttempt((last) => last + 1), AGAIN_MS);
    });
    source.addEventListener("invoice", (event: MessageEvent<string>) => {
      moved.add((JSON.parse(event.data) as { id: string }).id);
      timer ??= setTimeout(refresh, GATHER_MS);
    });
    source.addEventListener("counts", (event: MessageEvent<string>) => {
      queries.setQueryData<Counts>(["counts"], JSON.parse(event.data) as Counts);
    });
    source.addEventListener("reset", () => void queries.invalidateQueries());
    return () => {
      source.close();
      clearTimeout(timer);
      clearTimeout(again);
    };
  }, [active, queries, attempt]);
  return live;
}

/** How many invoices stand where, as last heard; undefined before the first news. */
export function useCounts(): Counts | undefined {
  // Filled by the events alone.
  return useQuery<Counts>({ queryKey: ["counts"], enabled: false }).data;
}
