/** The invoices behind one row of a number. */
import { Link } from "react-router";
import { Simulated, State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { rowsOf, usePages } from "@/parts/list";
import { Money } from "@/parts/money";
import { Failing, Loading } from "@/parts/states";
import { Time } from "@/parts/time";
import { keyWords, type Measure, reasonWords, TITLES } from "./shape";

type Props = {
  measure: Measure | null;
  /** The row's key. */
  of: string;
  days: number;
  definition: string | undefined;
  close: () => void;
};

/** Ids say nothing to a reader; the row's name was just clicked. */
const NAMED: readonly Measure[] = ["touchless", "times", "stops", "due", "msme"];

export function Behind({ measure, of, days, definition, close }: Props) {
  const known = measure !== null && measure in TITLES;
  const row = measure === "stops" ? reasonWords(of) : keyWords(of);
  const title = known ? `${TITLES[measure]}${NAMED.includes(measure) ? `: ${row}` : ""}` : "";
  return (
    <Dialog wide title={title} open={known} close={close}>
      {known && (
        <>
          <p className="mb-3 text-sm text-quiet">{definition}</p>
          <Lines measure={measure} of={of} days={days} />
        </>
      )}
    </Dialog>
  );
}

function Lines({ measure, of, days }: { measure: Measure; of: string; days: number }) {
  const query = usePages(["insight", "invoices", measure, of, days], (after) =>
    data(api.GET("/api/v1/insight/invoices", { params: { query: { measure, key: of, days, after } } })),
  );
  const lines = rowsOf(query);
  if (query.isPending) return <Loading lines={5} />;
  if (query.error) return <Failing error={query.error} again={() => void query.refetch()} />;
  if (lines.length === 0) return <p className="text-quiet">No invoice any more: it moved on meanwhile.</p>;
  return (
    <>
      <ul className="divide-y divide-line">
        {lines.map((line) => (
          <li key={line.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-0.5 py-2">
            <span className="min-w-0 grow basis-52">
              <Link className="link block truncate font-medium" to={`/invoices/${line.id}`}>
                {line.vendor ?? "Unknown vendor"}
              </Link>
              <span className="block truncate text-sm text-quiet">
                {line.number ?? "No number"}, <Time at={line.created_at} />
              </span>
            </span>
            <span className="flex items-center gap-3">
              <State state={line.state} /> {line.simulated && <Simulated />}
              <Money sum={line.total} className="font-medium" />
            </span>
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <Button look="bare" busy={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}
