/** What a page shows when there is nothing, nothing yet, or something wrong. */
import { CircleAlert, Inbox, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button";
import { Problem, sentence } from "./problem";

const WIDTHS = ["92%", "74%", "83%", "58%", "88%", "66%", "79%", "51%"] as const;

/** Grey lines where content will be; named for who cannot see them. */
export function Loading({ lines = 6 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-3 p-4">
      {WIDTHS.slice(0, lines).map((width) => (
        <div key={width} className="h-5 rounded-sm bg-sunk motion-safe:animate-pulse" style={{ width }} />
      ))}
    </div>
  );
}

/** Nothing here, why that is so, and what to do about it. */
export function Empty(props: { title: string; children?: ReactNode; icon?: LucideIcon }) {
  const Icon = props.icon ?? Inbox;
  return (
    <div className="flex flex-col items-center gap-2 px-6 py-14 text-center">
      <Icon aria-hidden size={26} strokeWidth={1.5} className="text-quiet" />
      <h2 className="font-semibold">{props.title}</h2>
      {props.children && <div className="max-w-md text-quiet">{props.children}</div>}
    </div>
  );
}

/** What went wrong, and a way to try again unless trying again cannot help. */
export function Failing({ error, again }: { error: unknown; again?: () => void }) {
  const problem = error instanceof Problem ? error : null;
  return (
    <div role="alert" className="flex flex-col items-center gap-3 px-6 py-14 text-center">
      <CircleAlert aria-hidden size={26} strokeWidth={1.5} className="text-bad" />
      <h2 className="font-semibold">{problem?.title ?? "This page could not be shown"}</h2>
      <p className="max-w-md text-quiet">{sentence(error)}</p>
      {again && !(problem && [403, 404].includes(problem.status)) && (
        <Button onPress={again}>Try again</Button>
      )}
    </div>
  );
}

/** The usual three endings of a query in one place: waiting, failed, or its data. */
export function Answer<T>(props: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  children: (data: T) => ReactNode;
}) {
  const { query } = props;
  if (query.data !== undefined) return props.children(query.data);
  if (query.error) return <Failing error={query.error} again={() => void query.refetch()} />;
  return <Loading />;
}
