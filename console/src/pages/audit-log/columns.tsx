/** How an entry of the record looks in its list. */
import { ArrowRight } from "lucide-react";
import { Link } from "react-router";
import { Simulated, State } from "@/parts/badge";
import type { Api } from "@/parts/client";
import type { Column } from "@/parts/table";
import { brief, moment } from "@/parts/time";

type Entry = Api<"AuditEntry">;

type Open = (entry: Entry) => void;

export const columns = (open: Open): readonly Column<Entry>[] => [
  { id: "seq", header: "No.", track: "5rem", cell: (row) => <Sequence entry={row} open={open} /> },
  {
    id: "at",
    header: "When",
    track: "8.5rem",
    cell: (row) => <span title={moment(row.at, true)}>{brief(row.at)}</span>,
  },
  { id: "invoice", header: "Invoice", track: "minmax(0, 1.4fr)", cell: (row) => <Invoice entry={row} /> },
  { id: "step", header: "Step", track: "minmax(0, 1.5fr)", cell: (row) => <Move entry={row} /> },
  { id: "actor", header: "Who", track: "minmax(0, 1fr)", cell: (row) => row.actor },
  {
    id: "note",
    header: "Note",
    track: "minmax(0, 1.8fr)",
    cell: (row) => (
      <span className="text-quiet" title={row.note}>
        {row.note}
      </span>
    ),
  },
];

export function EntryCard({ entry, open }: { entry: Entry; open: Open }) {
  return (
    <div className="flex flex-col gap-0.5">
      <p className="flex items-baseline justify-between gap-3">
        <Invoice entry={entry} />
        <span className="flex shrink-0 gap-2 text-sm text-quiet">
          {brief(entry.at)} <Sequence entry={entry} open={open} />
        </span>
      </p>
      <p className="flex items-center justify-between gap-3 text-sm">
        <Move entry={entry} />
        <span className="truncate text-quiet">{entry.actor}</span>
      </p>
      {entry.note && <p className="line-clamp-2 text-sm text-quiet">{entry.note}</p>}
    </div>
  );
}

/** The keyboard's way to the whole entry. */
function Sequence({ entry, open }: { entry: Entry; open: Open }) {
  return (
    <button type="button" aria-label={`Entry ${entry.seq}`} className="link" onClick={() => open(entry)}>
      {entry.seq}
    </button>
  );
}

function Invoice({ entry }: { entry: Entry }) {
  return (
    <Link to={`/invoices/${entry.invoice_id}`} className="block min-w-0 truncate hover:underline">
      <span className="font-medium">{entry.invoice_number ?? "No number yet"}</span>
      {entry.vendor && <span className="text-quiet"> {entry.vendor}</span>}
    </Link>
  );
}

function Move({ entry }: { entry: Entry }) {
  return (
    <span className="flex min-w-0 items-center gap-1.5">
      <span className="truncate">{entry.step}</span>
      <ArrowRight aria-hidden size={13} className="shrink-0 text-quiet" />
      <State state={entry.target} />
      {entry.facts.simulated === true && <Simulated />}
    </span>
  );
}
