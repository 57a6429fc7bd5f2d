/** A CSV file of vendors or orders: each row's verdict is shown before anything is written; all rows or none. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Equal } from "lucide-react";
import { useState } from "react";
import { useLocation } from "react-router";
import { Badge } from "@/parts/badge";
import { Button, LinkButton } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, data } from "@/parts/client";
import { FileDrop } from "@/parts/file-drop";
import { FormProblem } from "@/parts/form";
import { useMay } from "@/parts/me";
import { count } from "@/parts/money";
import { Page, Panel } from "@/parts/page";
import { Empty, Loading } from "@/parts/states";
import { toast } from "@/parts/toasts";
import { KINDS, type Kind } from "./kinds";
import { Verdicts } from "./verdicts";

type Check = Api<"CheckAnswer">;

export default function ImportPage() {
  const kind = KINDS[useLocation().pathname.startsWith("/vendors") ? "vendors" : "orders"];
  const may = useMay(kind.permission);
  return (
    <Page
      title={`Import ${kind.plural}`}
      lead="Nothing is written before you have seen what each row would do."
      actions={<LinkButton to={kind.home}>Back to {kind.plural}</LinkButton>}
    >
      {may ? (
        <Steps key={kind.home} kind={kind} />
      ) : (
        <Empty title="Not yours to do">Your role may look at {kind.plural}, not import them.</Empty>
      )}
    </Page>
  );
}

function Steps({ kind }: { kind: Kind }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const check = useMutation({
    mutationFn: async (file: File) => data(kind.check(await file.text())),
    meta: { quiet: true },
  });
  const write = useMutation({
    mutationFn: (sha256: string) => data(kind.write(sha256)),
    onSuccess: async (written) => {
      toast(`Written: ${sums(written)}.`);
      check.reset();
      await queries.invalidateQueries();
    },
    meta: { quiet: true },
  });
  const take = (files: readonly File[]) => {
    const file = files[0];
    if (!file) return;
    setName(file.name);
    write.reset();
    check.mutate(file);
  };
  return (
    <div className="flex flex-col gap-4">
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)]">
        <FileDrop
          label="CSV file"
          words="Drop a CSV file here"
          accept=".csv,text/csv"
          take={take}
          help="At most 5,000 rows, in UTF-8."
        />
        <Columns kind={kind} />
      </div>
      {check.isPending && (
        <section className="panel">
          <Loading lines={4} />
        </section>
      )}
      <FormProblem error={check.error ?? write.error} />
      {write.data && <Callout tone="good">Written: {sums(write.data)}.</Callout>}
      {check.data && (
        <Panel title={name} aside={<Sums check={check.data} />}>
          <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line p-4">
            <p className="min-w-0">{verdict(check.data)}</p>
            {check.data.valid && !nothing(check.data) && (
              <Button look="main" busy={write.isPending} onPress={() => write.mutate(check.data.sha256)}>
                Write all {count(check.data.rows.length)} rows
              </Button>
            )}
          </div>
          <Verdicts rows={check.data.rows} />
        </Panel>
      )}
    </div>
  );
}

function Columns({ kind }: { kind: Kind }) {
  return (
    <Panel title="Columns">
      <div className="flex flex-col gap-3 p-4">
        <p className="text-quiet">The first line names them, in any order.</p>
        <ul className="flex flex-wrap gap-1">
          {kind.columns.map((column) => (
            <li key={column}>
              <Badge>{column}</Badge>
            </li>
          ))}
        </ul>
        <p className="text-quiet">{kind.note}</p>
      </div>
    </Panel>
  );
}

function Sums({ check }: { check: Check }) {
  const wrong = check.rows.filter((row) => row.error).length;
  const same = check.rows.filter((row) => !row.error && row.does.length === 0).length;
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      {wrong > 0 && (
        <span className="flex items-center gap-1 text-bad">
          <CircleAlert aria-hidden size={14} /> {count(wrong)} wrong
        </span>
      )}
      <span className="flex items-center gap-1">
        <CircleCheck aria-hidden size={14} /> {sums(check)}
      </span>
      {same > 0 && (
        <span className="flex items-center gap-1">
          <Equal aria-hidden size={14} /> {count(same)} as they are
        </span>
      )}
    </span>
  );
}

function verdict(check: Check): string {
  if (check.rows.length === 0) return "The file has no rows.";
  if (!check.valid) return "Nothing can be written while a row is wrong. Mend the file and drop it again.";
  if (nothing(check)) return "Every row says what is so already; there is nothing to write.";
  return "Every row is good. It can be written within an hour, all rows or none.";
}

function nothing(check: Check): boolean {
  return check.added + check.changed + check.proposed === 0;
}

function sums({ added, changed, proposed }: { added: number; changed: number; proposed: number }): string {
  const proposals = proposed ? `, ${count(proposed)} bank details proposed` : "";
  return `${count(added)} new, ${count(changed)} changed${proposals}`;
}
