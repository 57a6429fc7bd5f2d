/** A long list: only the rows in sight are drawn, more are fetched as one scrolls; cards on a phone. */
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useWide } from "./media";

export type Column<Row> = {
  id: string;
  header: ReactNode;
  /** A CSS grid track: `minmax(0, 2fr)`, `8rem`. */
  track: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand to the right. */
  end?: boolean;
};

type Props<Row> = {
  /** Names the table for who cannot see it. */
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** One row on a phone. */
  card: (row: Row) => ReactNode;
  /** Called when the end of the rows comes near; left out when there are no more. */
  more?: (() => void) | undefined;
  loadingMore?: boolean;
  /** Opens a row by click anywhere on it; its first cell should hold the link for the keyboard. */
  open?: (row: Row) => void;
  /** The row that the keyboard is at, by key. */
  current?: string | null;
};

const ROW_PX = 50;
const CARD_PX = 84;
const OVERSCAN = 12;
/** So many rows before the end the next page is asked for. */
const AHEAD = 15;

export function Table<Row>(props: Props<Row>) {
  const { rows, columns, more, current } = props;
  const wide = useWide();
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  // What stands above the table decides where its rows begin on the page, and that may change at any time.
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again whenever the rows change
  useLayoutEffect(() => {
    setMargin((body.current?.getBoundingClientRect().top ?? 0) + scrollY);
  }, [rows, wide]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (wide ? ROW_PX : CARD_PX),
    overscan: OVERSCAN,
    scrollMargin: margin,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : props.rowKey(row);
    },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - AHEAD) more();
  }, [last, rows.length, more]);
  const at = current == null ? -1 : rows.findIndex((row) => props.rowKey(row) === current);
  const before = useRef(at);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls only when the current row becomes another
  useEffect(() => {
    // The row one starts with is in sight anyway, and so is the page's head above it.
    if (at >= 0 && before.current >= 0 && before.current !== at) virtual.scrollToIndex(at, { align: "auto" });
    before.current = at;
  }, [at]);
  const tracks = { gridTemplateColumns: columns.map((each) => each.track).join(" ") };

  return (
    // Roles instead of a table element: the virtual list places its rows by itself.
    <div
      role="table"
      aria-label={props.label}
      aria-rowcount={more ? -1 : rows.length + 1}
      aria-busy={props.loadingMore || undefined}
    >
      <div role="rowgroup" className={wide ? "" : "sr-only"}>
        <div
          role="row"
          aria-rowindex={1}
          style={tracks}
          className="grid border-b border-line px-4 text-quiet"
        >
          {columns.map((each) => (
            <div
              key={each.id}
              role="columnheader"
              className={`truncate px-2 py-2 text-xs font-medium ${align(each)}`}
            >
              {each.header}
            </div>
          ))}
        </div>
      </div>
      <div ref={body} role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard's way is the link in the row
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              role="row"
              tabIndex={-1}
              aria-rowindex={item.index + 2}
              aria-current={item.index === at || undefined}
              onClick={(event) => props.open && !onControl(event.target) && props.open(row)}
              style={{ ...(wide ? tracks : {}), transform: `translateY(${item.start - margin}px)` }}
              className={`absolute inset-x-0 top-0 border-b border-line ${wide ? "grid min-h-12.5 items-center px-4" : "px-4 py-3"} ${item.index === at ? "bg-accent-soft shadow-[inset_3px_0_0_var(--color-accent)]" : "hover:bg-sunk"} ${props.open ? "cursor-pointer" : ""}`}
            >
              {wide ? (
                columns.map((each) => (
                  <div key={each.id} role="cell" className={`min-w-0 truncate px-2 py-1 ${align(each)}`}>
                    {each.cell(row)}
                  </div>
                ))
              ) : (
                <div role="cell">{props.card(row)}</div>
              )}
            </div>
          );
        })}
      </div>
      {props.loadingMore && (
        <p role="status" className="px-4 py-3 text-quiet">
          Loading more…
        </p>
      )}
    </div>
  );
}

function align(column: { end?: boolean }): string {
  return column.end ? "text-right" : "";
}

function onControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, select, label") !== null;
}
