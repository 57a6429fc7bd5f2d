/** The frame of a number: its definition at hand, its table, and the chart beside it for who sees. */
import { type ReactNode, useId } from "react";
import { Link } from "react-router";
import { Panel } from "@/parts/page";
import { behind, type Insight, type Measure, TITLES } from "./shape";

type Props = { insight: Insight; measure: Measure; children: ReactNode; className?: string };

export function Measured({ insight, measure, children, className = "" }: Props) {
  return (
    <Panel title={TITLES[measure]} className={className}>
      {children}
      <Definition text={insight.definitions[measure]} />
    </Panel>
  );
}

export function Definition({ text }: { text: string | undefined }) {
  return (
    <details className="border-t border-line text-sm text-quiet">
      <summary className="px-4 py-2">How it is defined</summary>
      <p className="px-4 pb-3">{text}</p>
    </details>
  );
}

export type Cell = { header: string; end?: boolean };

/** A small table; its first cell heads the row and leads to the invoices behind it. */
export function Rows(props: {
  caption: string;
  cells: readonly Cell[];
  rows: readonly { key: string; head: ReactNode; to: string; cells: readonly ReactNode[] }[];
  none: string;
}) {
  const id = useId();
  if (props.rows.length === 0) return <p className="px-4 py-3 text-quiet">{props.none}</p>;
  return (
    <div className="overflow-x-auto">
      <table className="w-full" aria-describedby={id}>
        <caption id={id} className="sr-only">
          {props.caption}
        </caption>
        <thead>
          <tr className="border-b border-line text-left text-xs text-quiet">
            {props.cells.map((cell) => (
              <th
                key={cell.header}
                scope="col"
                className={`px-4 py-2 font-medium whitespace-nowrap ${cell.end ? "text-right" : ""}`}
              >
                {cell.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={row.key} className="border-b border-line last:border-0 hover:bg-sunk">
              <th scope="row" className="px-4 py-2 text-left font-normal">
                <Link className="link" to={row.to}>
                  {row.head}
                </Link>
              </th>
              {row.cells.map((cell, index) => (
                <td
                  key={props.cells[index + 1]?.header}
                  className={`px-4 py-2 ${props.cells[index + 1]?.end ? "text-right whitespace-nowrap" : ""}`}
                >
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A number large enough to be read from afar. */
export function Tile(props: {
  insight: Insight;
  days: string;
  measure: Measure;
  of: string;
  name: string;
  value: string;
  says: ReactNode;
}) {
  return (
    <section aria-label={props.name} className="panel flex min-w-0 flex-col justify-between">
      <div className="flex flex-col gap-0.5 p-4">
        <h2 className="text-sm text-quiet">{props.name}</h2>
        <p className="text-2xl font-semibold tracking-tight">
          <Link className="hover:underline" to={behind(props.days, props.measure, props.of)}>
            {props.value}
          </Link>
        </p>
        <p className="text-sm text-quiet">{props.says}</p>
      </div>
      <Definition text={props.insight.definitions[props.measure]} />
    </section>
  );
}
