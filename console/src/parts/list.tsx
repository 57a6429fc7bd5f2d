/** A list of the API in one panel: fetched page by page as one scrolls, with its filters, endings and keys. */
import { keepPreviousData, type UseInfiniteQueryResult, useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { useShortcuts } from "./keys";
import { Failing, Loading } from "./states";
import { type Column, Table } from "./table";

type PageOf<Row> = { items: Row[]; next?: string | null };
type Pages<Row> = UseInfiniteQueryResult<{ pages: PageOf<Row>[] }>;

/** All pages of a list fetched so far; `fetchPage` takes the cursor of the next one. */
export function usePages<Row>(
  key: readonly unknown[],
  fetchPage: (after: string | null) => Promise<PageOf<Row>>,
): Pages<Row> {
  return useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetchPage(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
  });
}

export function rowsOf<Row>(query: Pages<Row>): Row[] {
  return query.data?.pages.flatMap((page) => page.items) ?? [];
}

type Props<Row> = {
  /** What the rows are, in the plural. */
  label: string;
  query: Pages<Row>;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  card: (row: Row) => ReactNode;
  empty: ReactNode;
  /** Where a row leads. */
  to?: (row: Row) => string;
  /** What a row opens on this page, where it leads nowhere. */
  open?: (row: Row) => void;
  /** The filters over the list. */
  children?: ReactNode;
};

export function List<Row>(props: Props<Row>) {
  const { query, to, rowKey } = props;
  const navigate = useNavigate();
  const rows = rowsOf(query);
  const [current, setCurrent] = useState<string | null>(null);
  const at = rows.findIndex((row) => rowKey(row) === current);
  const here = rows[at];
  const open = to ? (row: Row) => void navigate(to(row)) : props.open;
  const move = (step: number) => {
    const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
    setCurrent(next === undefined ? null : rowKey(next));
  };
  useShortcuts(
    open
      ? [
          { keys: "j", words: "Next row", run: () => move(1) },
          { keys: "k", words: "Previous row", run: () => move(-1) },
          { keys: "o", words: "Open the row", run: () => here !== undefined && open(here) },
        ]
      : [],
  );
  return (
    <section aria-label={props.label} className="panel overflow-hidden">
      {props.children && (
        <div className="flex flex-wrap items-end gap-2 border-b border-line p-3">{props.children}</div>
      )}
      {query.isPending && <Loading lines={8} />}
      {query.error && <Failing error={query.error} again={() => void query.refetch()} />}
      {query.data && rows.length === 0 && props.empty}
      {rows.length > 0 && (
        <Table
          label={props.label}
          rows={rows}
          columns={props.columns}
          rowKey={rowKey}
          card={props.card}
          more={query.hasNextPage && !query.isFetchingNextPage ? () => void query.fetchNextPage() : undefined}
          loadingMore={query.isFetchingNextPage}
          {...(open ? { open } : {})}
          current={current}
        />
      )}
    </section>
  );
}

/** Filters that live in the address, so that a filtered list can be linked and gone back to. */
export function useFilters<Name extends string>(names: readonly Name[]) {
  const [search, setSearch] = useSearchParams();
  const values = Object.fromEntries(
    names.flatMap((name) => (search.get(name) ? [[name, search.get(name)]] : [])),
  ) as Partial<Record<Name, string>>;
  const change = (name: Name, value: string) => {
    const next = new URLSearchParams(search);
    if (value) next.set(name, value);
    else next.delete(name);
    setSearch(next, { replace: true });
  };
  return { values, change, any: Object.keys(values).length > 0 };
}
