/** Payments on their way into the ledger: numbered batches, each payment once in each format, the file's hash kept. */
import { Download, Share } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import { api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { List, usePages } from "@/parts/list";
import { useMay } from "@/parts/me";
import { count } from "@/parts/money";
import { Page } from "@/parts/page";
import { Empty } from "@/parts/states";
import type { Column } from "@/parts/table";
import { brief, moment } from "@/parts/time";
import { BatchSheet } from "./batch";
import { Make } from "./make";
import { type Batch, Delivered, FORMATS, Sums } from "./shape";

export default function Exports() {
  const may = useMay("audit.read");
  return (
    <Page
      title="Exports"
      lead="Booked payments for the ledger. Each is in one batch of a format, whatever is asked twice."
    >
      {may ? (
        <Batches />
      ) : (
        <Empty icon={Share} title="Not yours to do">
          Exports are for administrators and auditors. What was paid is in{" "}
          <Link className="link" to="/invoices">
            Invoices
          </Link>
          .
        </Empty>
      )}
    </Page>
  );
}

function Batches() {
  const mayMake = useMay("export");
  const [shown, setShown] = useState<Batch | null>(null);
  const query = usePages(["exports"], (after) =>
    data(api.GET("/api/v1/exports", { params: { query: { after } } })),
  );
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <div className="min-w-0 max-lg:order-2">
        <List
          label="Batches"
          query={query}
          columns={columns(setShown)}
          rowKey={(row) => row.id}
          open={setShown}
          card={(row) => <Card batch={row} open={setShown} />}
          empty={
            <Empty icon={Share} title="No batch yet">
              A batch is made of every booked payment that was in none before.
            </Empty>
          }
        />
      </div>
      {mayMake && <Make made={setShown} />}
      <Dialog wide title={`Batch ${shown?.number ?? ""}`} open={shown !== null} close={() => setShown(null)}>
        {shown && <BatchSheet id={shown.id} />}
      </Dialog>
    </div>
  );
}

type Open = (batch: Batch) => void;

const columns = (open: Open): readonly Column<Batch>[] => [
  {
    id: "number",
    header: "Batch",
    track: "minmax(0, 1.4fr)",
    cell: (row) => <Name batch={row} open={open} />,
  },
  {
    id: "made",
    header: "Made",
    track: "minmax(0, 1.2fr)",
    cell: (row) => (
      <span className="flex flex-col leading-snug">
        <span title={moment(row.made_at)}>{brief(row.made_at)}</span>
        <span className="truncate text-sm text-quiet">{row.made_by}</span>
      </span>
    ),
  },
  { id: "delivery", header: "Delivery", track: "minmax(0, 1fr)", cell: (row) => <Delivered batch={row} /> },
  { id: "sums", header: "Sum", track: "10rem", end: true, cell: (row) => <Sums sums={row.totals} /> },
  { id: "file", header: "File", track: "4rem", end: true, cell: (row) => <File batch={row} /> },
];

/** The number is the keyboard's way to the batch. */
function Name({ batch, open }: { batch: Batch; open: Open }) {
  return (
    <span className="flex min-w-0 flex-col items-start leading-snug">
      <button type="button" className="font-medium hover:underline" onClick={() => open(batch)}>
        Batch {batch.number}
      </button>
      <span className="truncate text-sm text-quiet">
        {FORMATS[batch.format][0]}, {count(batch.payments)} {batch.payments === 1 ? "payment" : "payments"}
      </span>
    </span>
  );
}

function File({ batch }: { batch: Batch }) {
  return (
    <a
      className="inline-grid size-9 place-items-center rounded-md hover:bg-sunk"
      href={`/api/v1/exports/${batch.id}/file`}
      download={batch.file_name}
      aria-label={`Download batch ${batch.number}`}
    >
      <Download aria-hidden size={16} />
    </a>
  );
}

function Card({ batch, open }: { batch: Batch; open: Open }) {
  return (
    <div className="flex items-center justify-between gap-3">
      <Name batch={batch} open={open} />
      <span className="flex shrink-0 items-center gap-2">
        <span className="flex flex-col items-end">
          <Sums sums={batch.totals} />
          <Delivered batch={batch} />
        </span>
        <File batch={batch} />
      </span>
    </div>
  );
}
