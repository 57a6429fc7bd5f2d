/** What stopped and waits for a person: by keyboard one after the other, or many at once. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleCheckBig } from "lucide-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { Badge } from "@/parts/badge";
import { api, data } from "@/parts/client";
import { useShortcuts } from "@/parts/keys";
import { useMay, useMe } from "@/parts/me";
import { useWide } from "@/parts/media";
import { Money } from "@/parts/money";
import { Page } from "@/parts/page";
import { Empty, Failing, Loading } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Age } from "@/parts/time";
import { useActions } from "./actions";
import { Bulk } from "./bulk";
import { Preview } from "./preview";
import type { Exception } from "./shape";

type Whose = "all" | "mine" | "nobody";
const WHOSE: readonly (readonly [Whose, string])[] = [
  ["all", "All"],
  ["mine", "Mine"],
  ["nobody", "Unclaimed"],
];

export default function Exceptions() {
  const navigate = useNavigate();
  const wide = useWide();
  const me = useMe().data;
  const may = useMay("invoices.decide");
  const [whose, setWhose] = useState<Whose>("all");
  const [current, setCurrent] = useState<string | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const query = useInfiniteQuery({
    queryKey: ["exceptions", whose],
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/api/v1/exceptions", {
          params: {
            query: {
              ...(whose === "all" ? {} : { owner: whose }),
              ...(pageParam ? { after: pageParam } : {}),
            },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  // What was cleared is gone from the list; the keyboard then stands on what came into its place.
  const at = Math.max(
    0,
    rows.findIndex((row) => row.id === current),
  );
  const row = rows[at];
  const picked = rows.filter((each) => chosen.has(each.id));
  const actions = useActions(() => setChosen(new Set()));
  const targets = picked.length > 0 ? picked : row ? [row] : [];
  const move = (step: number) =>
    setCurrent(rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.id ?? null);
  const pick = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  useShortcuts([
    { keys: "j", words: "Next exception", run: () => move(1) },
    { keys: "k", words: "Previous exception", run: () => move(-1) },
    { keys: "o", words: "Open it", run: () => row && navigate(`/invoices/${row.id}`) },
    ...(may
      ? [
          { keys: "x", words: "Choose it for a bulk action", run: () => row && pick(row.id) },
          {
            keys: "c",
            words: "Claim it, or give it back",
            run: () => row && actions.claim(targets, row.owner?.id === me?.id),
          },
          { keys: "p", words: "Assign it to a person", run: () => actions.askPerson(targets) },
          { keys: "r", words: "Judge again", run: () => actions.resume(targets) },
          { keys: "e", words: "Reject, with a reason", run: () => actions.askReason(targets) },
        ]
      : []),
  ]);
  const columns: Column<Exception>[] = [
    ...(may
      ? [
          {
            id: "chosen",
            header: <span className="sr-only">Chosen</span>,
            track: "2.25rem",
            cell: (each: Exception) => <Chosen row={each} on={chosen.has(each.id)} pick={pick} />,
          },
        ]
      : []),
    {
      id: "invoice",
      header: "Invoice",
      track: "minmax(0, 1fr)",
      cell: (each) => (
        <span className="flex flex-col leading-snug">
          <span className="truncate">
            <Link to={`/invoices/${each.id}`} className="font-medium hover:underline">
              {each.vendor ?? "Unknown vendor"}
            </Link>{" "}
            <span className="text-quiet">{each.number ?? "no number"}</span> <Answered row={each} />
          </span>
          <span className="truncate text-sm text-quiet" title={each.reason}>
            {each.reason}
          </span>
        </span>
      ),
    },
    { id: "owner", header: "Owner", track: "6.5rem", cell: (each) => <Owner row={each} /> },
    { id: "age", header: "Waits", track: "6rem", cell: (each) => <Age since={each.since} /> },
    { id: "total", header: "Total", track: "8rem", end: true, cell: (each) => <Money sum={each.total} /> },
  ];
  return (
    <Page title="Exceptions" lead="Held invoices. Each moves when you correct it, let it go on, or end it.">
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_24rem]">
        <section aria-label="Exceptions" className="panel overflow-hidden">
          <div className="flex flex-wrap items-center gap-2 border-b border-line p-2">
            <fieldset className="flex gap-1">
              <legend className="sr-only">Whose</legend>
              {WHOSE.map(([each, words]) => (
                <button
                  key={each}
                  type="button"
                  aria-pressed={whose === each}
                  onClick={() => setWhose(each)}
                  className={`min-h-8 rounded-md px-2.5 ${whose === each ? "bg-accent-soft font-medium text-accent" : "text-quiet hover:bg-sunk"}`}
                >
                  {words}
                </button>
              ))}
            </fieldset>
            {may && <Bulk picked={picked} actions={actions} clear={() => setChosen(new Set())} />}
          </div>
          {query.isPending && <Loading lines={8} />}
          {query.error && <Failing error={query.error} again={() => void query.refetch()} />}
          {query.data && rows.length === 0 && (
            <Empty icon={CircleCheckBig} title={whose === "all" ? "Nothing waits" : "None here"}>
              {whose === "all" ? "Every invoice is on its way or done." : "Look under All for the others."}
            </Empty>
          )}
          {rows.length > 0 && (
            <Table
              label="Exceptions"
              rows={rows}
              columns={columns}
              rowKey={(each) => each.id}
              card={(each) => <Card row={each} may={may} on={chosen.has(each.id)} pick={pick} />}
              more={
                query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined
              }
              loadingMore={query.isFetchingNextPage}
              open={(each) => (wide ? setCurrent(each.id) : navigate(`/invoices/${each.id}`))}
              current={row?.id ?? null}
            />
          )}
        </section>
        {row && <Preview row={row} may={may} actions={actions} mine={row.owner?.id === me?.id} />}
      </div>
      {actions.dialog}
    </Page>
  );
}

function Chosen({ row, on, pick }: { row: Exception; on: boolean; pick: (id: string) => void }) {
  return (
    <input
      type="checkbox"
      aria-label={`Choose ${row.number ?? "invoice"} of ${row.vendor ?? "unknown"}`}
      checked={on}
      onChange={() => pick(row.id)}
      className="size-4 accent-accent-fill"
    />
  );
}

function Card(props: { row: Exception; may: boolean; on: boolean; pick: (id: string) => void }) {
  const { row } = props;
  return (
    <div className="flex items-start gap-3">
      {props.may && <Chosen row={row} on={props.on} pick={props.pick} />}
      <div className="flex min-w-0 grow flex-col gap-0.5">
        <p className="flex items-baseline justify-between gap-3">
          <Link to={`/invoices/${row.id}`} className="truncate font-medium">
            {row.vendor ?? "Unknown vendor"}
          </Link>
          <Money sum={row.total} className="font-medium" />
        </p>
        <p className="line-clamp-2">
          <Answered row={row} /> {row.reason}
        </p>
        <p className="flex justify-between gap-3 text-sm text-quiet">
          <span className="truncate">
            {row.number ?? "No number"} · <Owner row={row} />
          </span>
          <Age since={row.since} />
        </p>
      </div>
    </div>
  );
}

/** The forwarder wrote back, and nobody did anything since. */
function Answered({ row }: { row: Exception }) {
  return row.answered && <Badge tone="good">answered</Badge>;
}

function Owner({ row }: { row: Exception }) {
  return row.owner ? row.owner.name : <span className="text-quiet">nobody</span>;
}
