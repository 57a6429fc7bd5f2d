/** All invoices, newest first: found by word, state, vendor or time; fetched and drawn only as far as one scrolls. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useDeferredValue, useEffect, useRef, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Badge, Simulated, State } from "@/parts/badge";
import { LinkButton } from "@/parts/button";
import { api, data } from "@/parts/client";
import { useShortcuts } from "@/parts/keys";
import { Money } from "@/parts/money";
import { Page } from "@/parts/page";
import { Empty, Failing, Loading } from "@/parts/states";
import { type Column, Table } from "@/parts/table";
import { Age, brief, moment } from "@/parts/time";
import { Filters, filtersOf } from "./filters";
import type { Row } from "./shape";

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "invoice",
    header: "Invoice",
    track: "minmax(0, 2fr)",
    cell: (row) => (
      <span className="flex flex-col leading-snug">
        <Link to={`/invoices/${row.id}`} className="truncate font-medium hover:underline">
          {row.vendor ?? "Unknown vendor"}
        </Link>
        <span className="truncate text-sm text-quiet">
          {row.number ?? "No number"} <Kinship row={row} />
        </span>
      </span>
    ),
  },
  {
    id: "state",
    header: "State",
    track: "minmax(0, 2.2fr)",
    cell: (row) => (
      <span className="flex items-center gap-2">
        <State state={row.standing} /> {row.simulated && <Simulated />}
        <span className="truncate text-sm text-quiet" title={row.reason}>
          {row.reason}
        </span>
      </span>
    ),
  },
  { id: "since", header: "For", track: "6.5rem", cell: (row) => <Age since={row.since} /> },
  {
    id: "received",
    header: "Came in",
    track: "8.5rem",
    cell: (row) => (
      <span className="text-quiet" title={moment(row.received_at)}>
        {brief(row.received_at)}
      </span>
    ),
  },
  {
    id: "total",
    header: "Total",
    track: "9.5rem",
    end: true,
    cell: (row) => <Money sum={row.total} className="font-medium" />,
  },
];

export default function Invoices() {
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const filters = filtersOf(search);
  const query = useInfiniteQuery({
    queryKey: ["invoices", filters],
    queryFn: ({ pageParam }) =>
      data(
        api.GET("/api/v1/invoices", {
          params: { query: { ...filters, ...(pageParam ? { after: pageParam } : {}) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
  const rows = query.data?.pages.flatMap((page) => page.items) ?? [];
  const [current, setCurrent] = useState<string | null>(null);
  const move = (step: number) => {
    const at = rows.findIndex((row) => row.id === current);
    setCurrent(rows[Math.min(Math.max(at + step, 0), rows.length - 1)]?.id ?? null);
  };
  useShortcuts([
    { keys: "j", words: "Next invoice", run: () => move(1) },
    { keys: "k", words: "Previous invoice", run: () => move(-1) },
    { keys: "o", words: "Open the invoice", run: () => current && navigate(`/invoices/${current}`) },
  ]);
  const filtered = Object.keys(filters).length > 0;
  return (
    <Page title="Invoices" actions={<LinkButton to="/upload">Upload</LinkButton>}>
      <section aria-label="Invoices" className="panel overflow-hidden">
        <div className="flex flex-wrap items-end gap-2 border-b border-line p-3">
          <Words
            value={search.get("q") ?? ""}
            change={(q) => setSearch(changed(search, "q", q), { replace: true })}
          />
          <Filters
            search={search}
            change={(name, value) => setSearch(changed(search, name, value), { replace: true })}
          />
        </div>
        {query.isPending && <Loading lines={8} />}
        {query.error && <Failing error={query.error} again={() => void query.refetch()} />}
        {query.data && rows.length === 0 && (
          <Empty title={filtered ? "None fits" : "No invoices yet"}>
            {filtered ? (
              <Link className="link" to="/invoices">
                Show all
              </Link>
            ) : (
              "Forward one by mail, or upload it."
            )}
          </Empty>
        )}
        {rows.length > 0 && (
          <Table
            label="Invoices"
            rows={rows}
            columns={COLUMNS}
            rowKey={(row) => row.id}
            card={(row) => <Card row={row} />}
            more={
              query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined
            }
            loadingMore={query.isFetchingNextPage}
            open={(row) => navigate(`/invoices/${row.id}`)}
            current={current}
          />
        )}
      </section>
    </Page>
  );
}

/** What people made of it by its pages, with the way to the other one. */
function Kinship({ row }: { row: Row }) {
  const other = row.merged_into ?? row.part_of;
  return (
    <>
      {row.parts > 0 && <Badge>split into {row.parts}</Badge>}{" "}
      {other && (
        <Link to={`/invoices/${other}`} className="hover:underline">
          <Badge>{row.merged_into ? "merged into another" : "part of another"}</Badge>
        </Link>
      )}
    </>
  );
}

function Card({ row }: { row: Row }) {
  return (
    <div className="flex flex-col gap-0.5">
      <p className="flex items-baseline justify-between gap-3">
        <Link to={`/invoices/${row.id}`} className="truncate font-medium">
          {row.vendor ?? row.number ?? "No number"}
        </Link>
        <Money sum={row.total} className="font-medium" />
      </p>
      <p className="flex items-center justify-between gap-3 text-sm text-quiet">
        <span className="truncate">
          {row.number ?? "No number"} <Kinship row={row} />
        </span>
        <span className="flex shrink-0 items-center gap-1.5">
          <State state={row.standing} /> <Age since={row.since} />
        </span>
      </p>
      {row.state === "held" && <p className="line-clamp-2 text-sm text-quiet">{row.reason}</p>}
    </div>
  );
}

/** The search; asks a moment after the last letter. `/` leads to it from anywhere on the page. */
function Words({ value, change }: { value: string; change: (q: string) => void }) {
  const [text, setText] = useState(value);
  const late = useDeferredValue(text);
  const ref = useRef<HTMLInputElement>(null);
  const latest = useRef(change);
  latest.current = change;
  useShortcuts([{ keys: "/", words: "Search", run: () => ref.current?.focus() }]);
  useEffect(() => {
    if (late === value) return;
    const timer = setTimeout(() => latest.current(late.trim()), 250);
    return () => clearTimeout(timer);
  }, [late, value]);
  return (
    <label className="relative min-w-48 grow">
      <span className="sr-only">Search by number, vendor or order</span>
      <Search aria-hidden size={15} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-quiet" />
      <input
        ref={ref}
        type="search"
        className="field pl-8"
        placeholder="Number, vendor, order"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
      />
    </label>
  );
}

function changed(search: URLSearchParams, name: string, value: string): URLSearchParams {
  const next = new URLSearchParams(search);
  if (value) next.set(name, value);
  else next.delete(name);
  return next;
}
