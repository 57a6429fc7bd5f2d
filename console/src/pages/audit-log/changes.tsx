/** What people changed by hand, of everything at once: vendors, orders, people, keys, the policy and exports. */
import { History } from "lucide-react";
import { Link } from "react-router";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Choice } from "@/parts/form";
import { Changes } from "@/parts/history";
import { List, useFilters, usePages } from "@/parts/list";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/page";
import { SearchField } from "@/parts/search";
import { Empty } from "@/parts/states";
import type { Column } from "@/parts/table";
import { brief, moment } from "@/parts/time";
import { Csv, Days, Halves, moments } from "./searching";

type Entry = Api<"SubjectChange">;

/** What is changed, in words, and where it is looked at. */
const SUBJECTS: Readonly<Record<Entry["subject"], readonly [words: string, place: (id: string) => string]>> =
  {
    vendor: ["Vendor", (id) => `/vendors/${id}`],
    purchase_order: ["Purchase order", (id) => `/purchase-orders/${id}`],
    person: ["Person", () => "/people"],
    api_key: ["API key", () => "/settings"],
    policy: ["Policy", () => "/policy"],
    export: ["Export", () => "/exports"],
  };
const NAMES = ["text", "person", "subject", "since", "until"] as const;

const COLUMNS: readonly Column<Entry>[] = [
  {
    id: "at",
    header: "When",
    track: "8.5rem",
    cell: (row) => <span title={moment(row.at, true)}>{brief(row.at)}</span>,
  },
  { id: "subject", header: "Of", track: "8rem", cell: (row) => <Subject entry={row} /> },
  {
    id: "what",
    header: "What",
    track: "minmax(0, 1.2fr)",
    cell: (row) => <span className="first-letter:uppercase">{row.what}</span>,
  },
  { id: "who", header: "Who", track: "minmax(0, 1fr)", cell: (row) => <Who entry={row} /> },
  {
    id: "changes",
    header: "From what to what",
    track: "minmax(0, 2.2fr)",
    cell: (row) => <Told entry={row} />,
  },
];

export default function ChangesPage() {
  const may = useMay("audit.read");
  return (
    <Page title="Changes" lead="What people changed by hand, and who did. Nothing of it is ever changed.">
      {may ? (
        <Record />
      ) : (
        <Empty icon={History} title="Not yours to read">
          The changes of everything are for administrators and auditors. Each vendor and order shows its own.
        </Empty>
      )}
    </Page>
  );
}

function Record() {
  const { values, change, any } = useFilters(NAMES);
  const { since, until, subject, ...rest } = values;
  const wanted = {
    ...rest,
    subject: (subject ?? null) as Entry["subject"] | null,
    ...moments({ ...(since ? { since } : {}), ...(until ? { until } : {}) }),
  };
  const query = usePages(["changes", values], (after) =>
    data(api.GET("/api/v1/changes", { params: { query: { ...wanted, after } } })),
  );
  return (
    <>
      <Halves />
      <List
        label="Changes"
        query={query}
        columns={COLUMNS}
        rowKey={(row) => String(row.seq)}
        card={(row) => <Card entry={row} />}
        empty={
          <Empty icon={History} title={any ? "None fits" : "Nothing was changed yet"}>
            {any ? "Ask for less at once." : "The first vendor, order or person makes the first entry."}
          </Empty>
        }
      >
        <SearchField
          label="Search in what was done, notes, people, fields and values"
          placeholder="Note, person, field, value"
          value={values.text ?? ""}
          change={(text) => change("text", text)}
        />
        <div className="w-40">
          <Choice
            label="Of what"
            hideLabel
            value={values.subject ?? ""}
            onChange={(event) => change("subject", event.target.value)}
            options={[
              ["", "Of everything"],
              ...Object.entries(SUBJECTS).map(([subject, [name]]) => [subject, name] as const),
            ]}
          />
        </div>
        <Days values={values} change={change} />
        {values.person && (
          <Button onPress={() => change("person", "")}>Of {values.person}: all instead</Button>
        )}
        <Csv path="/api/v1/changes.csv" asked={wanted} />
      </List>
    </>
  );
}

function Subject({ entry }: { entry: Entry }) {
  const [words, place] = SUBJECTS[entry.subject];
  return (
    <Link className="link" to={place(entry.subject_id)}>
      {words}
    </Link>
  );
}

function Who({ entry }: { entry: Entry }) {
  return (
    <Link className="hover:underline" to={`/audit-log/changes?person=${encodeURIComponent(entry.who)}`}>
      {entry.who}
    </Link>
  );
}

function Told({ entry }: { entry: Entry }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5 py-1 whitespace-normal">
      {entry.note && <p className="break-words">{entry.note}</p>}
      <Changes changes={entry.changes} />
    </div>
  );
}

function Card({ entry }: { entry: Entry }) {
  return (
    <div className="flex flex-col gap-0.5">
      <p className="flex items-baseline justify-between gap-3">
        <span className="font-medium">
          <Subject entry={entry} /> {entry.what}
        </span>
        <span className="shrink-0 text-sm text-quiet">{brief(entry.at)}</span>
      </p>
      <p className="truncate text-sm">
        <Who entry={entry} />
      </p>
      <Told entry={entry} />
    </div>
  );
}
