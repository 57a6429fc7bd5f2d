/** The record for whoever must be able to say what happened: searched, filtered, exported, and proven unchanged. */
import { Download, ScrollText } from "lucide-react";
import { useState } from "react";
import { STATES } from "@/parts/badge";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Choice, TextField } from "@/parts/form";
import { List, useFilters, usePages } from "@/parts/list";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/page";
import { SearchField } from "@/parts/search";
import { Empty } from "@/parts/states";
import { Chain } from "./chain";
import { columns, EntryCard } from "./columns";
import { EntryFacts } from "./entry";

type Entry = Api<"AuditEntry">;

const STEPS = [
  "receive",
  "extract",
  "assess",
  "check",
  "prepare",
  "ask",
  "wait",
  "answer",
  "intend",
  "pay",
  "report",
  "tell",
  "decide",
] as const;
const NAMES = ["text", "person", "invoice_id", "state", "step", "since", "until"] as const;
type Values = Partial<Record<(typeof NAMES)[number], string>>;

export default function AuditLog() {
  const may = useMay("audit.read");
  return (
    <Page
      title="Audit log"
      lead="Every step of every invoice, in the order it was written. Nothing is ever changed."
    >
      {may ? (
        <Record />
      ) : (
        <Empty icon={ScrollText} title="Not yours to read">
          The whole record is for administrators and auditors. Each invoice shows its own.
        </Empty>
      )}
    </Page>
  );
}

function Record() {
  const { values, change, any } = useFilters(NAMES);
  const [shown, setShown] = useState<Entry | null>(null);
  const query = usePages(["audit-log", values], (after) =>
    data(api.GET("/api/v1/audit-log", { params: { query: { ...asked(values), after } } })),
  );
  return (
    <>
      <Chain />
      <List
        label="Entries"
        query={query}
        columns={columns(setShown)}
        rowKey={(row) => String(row.seq)}
        open={setShown}
        card={(row) => <EntryCard entry={row} open={setShown} />}
        empty={
          <Empty icon={ScrollText} title={any ? "None fits" : "Nothing happened yet"}>
            {any ? "Ask for less at once." : "The first mail writes the first entry."}
          </Empty>
        }
      >
        <SearchField
          label="Search in notes, people, numbers, vendors and facts"
          placeholder="Note, person, number, vendor, fact"
          value={values.text ?? ""}
          change={(words) => change("text", words)}
        />
        <Filters values={values} change={change} />
        <Export values={values} />
      </List>
      <Dialog wide title={`Entry ${shown?.seq ?? ""}`} open={shown !== null} close={() => setShown(null)}>
        {shown && <EntryFacts entry={shown} />}
      </Dialog>
    </>
  );
}

type Change = (name: (typeof NAMES)[number], value: string) => void;

function Filters({ values, change }: { values: Values; change: Change }) {
  return (
    <>
      <div className="w-32">
        <Choice
          label="State it went to"
          hideLabel
          value={values.state ?? ""}
          onChange={(event) => change("state", event.target.value)}
          options={[
            ["", "Any state"],
            ...Object.entries(STATES).map(([state, [words]]) => [state, words] as const),
          ]}
        />
      </div>
      <div className="w-32">
        <Choice
          label="Step"
          hideLabel
          value={values.step ?? ""}
          onChange={(event) => change("step", event.target.value)}
          options={[["", "Any step"], ...STEPS.map((step) => [step, step] as const)]}
        />
      </div>
      {(["since", "until"] as const).map((name) => (
        <div key={name} className="w-36">
          <TextField
            label={name === "since" ? "From this day" : "Until this day"}
            title={name === "since" ? "From this day" : "Until this day"}
            hideLabel
            type="date"
            value={values[name] ?? ""}
            onChange={(event) => change(name, event.target.value)}
          />
        </div>
      ))}
      {values.invoice_id && <Button onPress={() => change("invoice_id", "")}>Of all invoices</Button>}
      {values.person && <Button onPress={() => change("person", "")}>Of {values.person}: all instead</Button>}
    </>
  );
}

/** The same search as a file; the browser fetches it by itself, however long it is. */
function Export({ values }: { values: Values }) {
  const words = new URLSearchParams(
    Object.entries(asked(values)).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  return (
    <a
      className="inline-flex min-h-9 items-center gap-1.5 rounded-md border border-line bg-panel px-3 font-medium hover:bg-sunk"
      href={`/api/v1/audit-log.csv?${words}`}
      download
    >
      <Download aria-hidden size={15} /> CSV
    </a>
  );
}

/** Days of the reader's own zone as moments; the last day counts whole. */
function asked({ since, until, state, step, ...rest }: Values) {
  return {
    ...rest,
    state: (state ?? null) as Api<"State"> | null,
    step: (step ?? null) as Api<"Step"> | null,
    since: since ? midnight(since, 0) : null,
    until: until ? midnight(until, 1) : null,
  };
}

function midnight(date: string, daysLater: number): string | null {
  const at = new Date(`${date}T00:00:00`);
  if (Number.isNaN(at.getTime())) return null;
  at.setDate(at.getDate() + daysLater);
  return at.toISOString();
}
