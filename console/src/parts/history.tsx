/** Who changed what, from what to what: the history of a vendor, an order or the policy. */
import { ArrowRight } from "lucide-react";
import { Button } from "./button";
import type { Api } from "./client";
import { rowsOf, usePages } from "./list";
import { Panel } from "./page";
import { Failing, Loading } from "./states";
import { Age } from "./time";

type Entry = Api<"HistoryAnswer">;
type Props = {
  queryKey: readonly unknown[];
  fetchPage: (after: string | null) => Promise<{ items: Entry[]; next: string | null }>;
};

export function HistoryPanel({ queryKey, fetchPage }: Props) {
  const query = usePages(queryKey, fetchPage);
  const entries = rowsOf(query);
  return (
    <Panel title="History">
      {query.isPending && <Loading lines={4} />}
      {query.error && <Failing error={query.error} again={() => void query.refetch()} />}
      {query.data && entries.length === 0 && <p className="px-4 py-3 text-quiet">Nothing was changed yet.</p>}
      <ol className="divide-y divide-line">
        {entries.map((entry) => (
          <li key={entry.seq} className="flex flex-col gap-1 px-4 py-2.5">
            <p className="flex flex-wrap items-baseline justify-between gap-x-3">
              <span className="font-medium first-letter:uppercase">{entry.what}</span>
              <span className="text-sm text-quiet">
                {entry.who}, <Age since={entry.at} suffix=" ago" />
              </span>
            </p>
            {entry.note && <p className="break-words">{entry.note}</p>}
            <Changes changes={entry.changes} />
          </li>
        ))}
      </ol>
      {query.hasNextPage && (
        <div className="border-t border-line p-2">
          <Button look="bare" busy={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>
            Show older
          </Button>
        </div>
      )}
    </Panel>
  );
}

/** Fields as they were and as they are. */
export function Changes({ changes }: { changes: readonly Api<"Change">[] }) {
  if (changes.length === 0) return null;
  return (
    <dl className="grid grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-3 gap-y-0.5 text-sm">
      {changes.map((change) => (
        <div key={change.field} className="contents">
          <dt className="text-quiet">{change.field.replaceAll("_", " ")}</dt>
          <dd className="flex flex-wrap items-center gap-x-1.5 break-all">
            {change.before !== null && (
              <>
                <del className="text-quiet">
                  <span className="sr-only">was </span>
                  {change.before}
                </del>
                <ArrowRight aria-hidden size={13} className="shrink-0 text-quiet" />
              </>
            )}
            {change.after === null ? (
              <span className="text-quiet">nothing</span>
            ) : (
              <ins className="no-underline">
                <span className="sr-only">is </span>
                {change.after}
              </ins>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
