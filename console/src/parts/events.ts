/** Live news by server-sent events: what moved makes the queries that show it ask again. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** Many invoices move at once in a busy minute; the lists ask once for all of them. */
const GATHER_MS = 700;
/** Whose answers depend on where invoices are. */
const MOVED = ["today", "invoices", "exceptions"] as const;

export type Live = "connecting" | "live" | "lost";

/** Listens while the console is open; the browser itself connects again with the last event's id. */
export function useEvents(active: boolean): Live {
  const queries = useQueryClient();
  const [live, setLive] = useState<Live>("connecting");
  useEffect(() => {
    if (!active) return;
    const source = new EventSource("/api/v1/events");
    const moved = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer = undefined;
      for (const key of MOVED) void queries.invalidateQueries({ queryKey: [key] });
      for (const id of moved) void queries.invalidateQueries({ queryKey: ["invoice", id] });
      moved.clear();
    };
    const onMoved = (event: MessageEvent<string>) => {
      moved.add(invoiceOf(event.data));
      timer ??= setTimeout(refresh, GATHER_MS);
    };
    source.addEventListener("open", () => setLive("live"));
    source.addEventListener("error", () => setLive("lost"));
    source.addEventListener("invoice", onMoved);
    return () => {
      source.close();
      clearTimeout(timer);
    };
  }, [active, queries]);
  return live;
}

function invoiceOf(text: string): string {
  const told: unknown = JSON.parse(text);
  return typeof told === "object" && told !== null && "id" in told ? String(told.id) : "";
}
