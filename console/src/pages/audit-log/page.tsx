/** The record for whoever must be able to say what happened: searched, filtered, exported, and proven unchanged. */
import { ScrollText } from "lucide-react";
import { useState } from "react";
import { STATES } from "@/parts/badge";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Choice } from "@/parts/form";
import { List, useFilters, usePages } from "@/parts/list";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/page";
import { SearchField } from "@/parts/search";
import { Empty } from "@/parts/states";
import { Chain } from "./chain";
import { columns, EntryCard } from "./columns";
import { EntryFacts } from "./entry";
import { Csv, Days, Halves, moments } from "./searching";

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
      <Halves />
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
        <Csv path="/api/v1/audit-log.csv" asked={asked(values)} />
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
      <Days values={values} change={change} />
      {values.invoice_id && <Button onPress={() => change("invoice_id", "")}>Of all invoices</Button>}
      {values.person && <Button onPress={() => change("person", "")}>Of {values.person}: all instead</Button>}
    </>
  );
}

function asked({ since, until, state, step, ...rest }: Values) {
  return {
    ...rest,
    state: (state ?? null) as Api<"State"> | null,
    step: (step ?? null) as Api<"Step"> | null,
    ...moments({ ...(since ? { since } : {}), ...(until ? { until } : {}) }),
  };
}
