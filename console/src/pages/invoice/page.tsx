/** One invoice: its document beside what was read, found, said and done; and what a person may do about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronLeft } from "lucide-react";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { Simulated, State } from "@/parts/badge";
import { Callout } from "@/parts/callout";
import { api, data } from "@/parts/client";
import { useShortcuts } from "@/parts/keys";
import { useMay } from "@/parts/me";
import { Money } from "@/parts/money";
import { useTitle } from "@/parts/page";
import { Problem } from "@/parts/problem";
import { type Segment, Segments } from "@/parts/segments";
import { Answer } from "@/parts/states";
import { Age, Time } from "@/parts/time";
import { toast } from "@/parts/toasts";
import { Actions } from "./actions";
import { AskedForwarder } from "./asked";
import { DocumentView } from "./document";
import { type Drafts, Fields } from "./fields";
import { Findings } from "./findings";
import { inOrder } from "./labels";
import { Model } from "./model";
import { Payment } from "./payment";
import { Record } from "./record";
import { livesOn, Relatives } from "./relatives";
import type { Field, Invoice } from "./shape";
import { Street } from "./street";

export default function InvoicePage() {
  const { id = "" } = useParams();
  const query = useQuery({
    queryKey: ["invoice", id],
    queryFn: () => data(api.GET("/api/v1/invoices/{invoice_id}", { params: { path: { invoice_id: id } } })),
  });
  return <Answer query={query}>{(invoice) => <Case key={invoice.id} invoice={invoice} />}</Answer>;
}

function Case({ invoice }: { invoice: Invoice }) {
  useTitle(invoice.number ?? "Invoice");
  const [selected, setSelected] = useState<string | null>(null);
  const [tab, setTab] = useState(
    invoice.state === "held" && invoice.findings.length > 0 ? "findings" : "fields",
  );
  const fields = inOrder(invoice.fields);
  const correction = useCorrection(invoice);
  const may = useMay("invoices.correct");
  const choose = (name: string) => {
    setSelected(name);
    setTab("fields");
    // From the page to the keyboard: Enter now corrects what was clicked.
    setTimeout(() =>
      document.querySelector<HTMLElement>(`[data-field="${name}"]`)?.focus({ preventScroll: true }),
    );
  };
  const segments: Segment[] = [
    {
      id: "fields",
      title: "Fields",
      content: (
        <Fields
          fields={fields}
          selected={selected}
          select={setSelected}
          corrections={invoice.corrections}
          correctable={may && invoice.state === "held"}
          {...correction}
        />
      ),
    },
    { id: "findings", title: `Findings ${invoice.findings.length}`, content: <Findings invoice={invoice} /> },
    { id: "payment", title: "Payment", content: <Payment invoice={invoice} /> },
    { id: "model", title: "Model", content: <Model invoice={invoice} /> },
    { id: "record", title: "Record", content: <Record invoice={invoice} /> },
  ];
  useShortcuts(
    segments.map(({ id, title }, index) => ({
      keys: `${index + 1}`,
      words: `${title}`,
      run: () => setTab(id),
    })),
  );
  return (
    <div className="mx-auto flex w-full max-w-[100rem] flex-col gap-4 px-4 py-4 md:px-6">
      <Top invoice={invoice} />
      <AskedForwarder invoice={invoice} />
      <div className="panel px-4 py-3">
        <Street invoice={invoice} />
      </div>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,1.15fr)_minmax(0,1fr)]">
        <section aria-label="Document" className="panel overflow-hidden lg:sticky lg:top-4">
          <DocumentView document={invoice.document} fields={fields} selected={selected} select={choose} />
        </section>
        <section aria-label="What is known" className="panel">
          <Segments label="About the invoice" segments={segments} selected={tab} select={setTab} />
        </section>
      </div>
    </div>
  );
}

function Top({ invoice }: { invoice: Invoice }) {
  return (
    <header className="flex flex-col gap-3">
      <Link to="/invoices" className="inline-flex w-fit items-center gap-1 text-sm text-quiet hover:text-ink">
        <ChevronLeft aria-hidden size={14} /> Invoices
      </Link>
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="min-w-0">
          <h1 className="flex flex-wrap items-center gap-2 text-xl font-semibold tracking-tight break-words">
            {invoice.number ?? "No number"} <State state={invoice.standing} />{" "}
            {invoice.simulated && <Simulated />}
          </h1>
          <p className="break-words text-quiet">
            {invoice.vendor ?? "Unknown vendor"} · came in <Time at={invoice.received_at} /> · in this state
            for <Age since={invoice.since} />
            {invoice.owner && ` · ${invoice.owner.name} looks after it`}
          </p>
          <Relatives invoice={invoice} />
        </div>
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Money sum={invoice.total} className="text-2xl font-semibold tracking-tight" />
          <Actions invoice={invoice} />
        </div>
      </div>
      {invoice.reason && <Callout tone={toneOf(invoice)}>{invoice.reason}</Callout>}
    </header>
  );
}

function toneOf(invoice: Invoice) {
  if (invoice.state === "held") return "warn";
  return invoice.standing === "rejected" && !livesOn(invoice) ? "bad" : "calm";
}

/** Corrections on their way: kept here until they are sent with the version they were made on. */
function useCorrection(invoice: Invoice) {
  const queries = useQueryClient();
  const [drafts, setDrafts] = useState<Drafts>({});
  const send = useMutation({
    mutationFn: () =>
      data(
        api.PATCH("/api/v1/invoices/{invoice_id}/fields", {
          params: { path: { invoice_id: invoice.id } },
          body: {
            version: invoice.version,
            values: Object.fromEntries(Object.entries(drafts).map(([name, text]) => [name, text || null])),
          },
        }),
      ),
    onSuccess: () => {
      setDrafts({});
      toast("Corrected. It is judged again now.");
    },
    // Someone else was first: what they did comes into view, and one's own corrections stay to be sent again.
    onError: (error) => {
      if (error instanceof Problem && error.kind === "stale")
        toast("Someone changed it meanwhile. Look again, then send.", "bad");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["invoice", invoice.id] }),
    meta: { quiet: true },
  });
  const draft = (field: Field, text: string) => {
    const { [field.name]: _, ...others } = drafts;
    setDrafts(text === (field.value ?? "") ? others : { ...others, [field.name]: text });
  };
  return { drafts, draft, submit: () => send.mutate(), busy: send.isPending, error: send.error };
}
