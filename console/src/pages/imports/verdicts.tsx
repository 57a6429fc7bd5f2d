/** Each row of a file with what it would do, or what is wrong with it; the wrong ones can be had alone. */
import { useState } from "react";
import { Badge, type Tone } from "@/parts/badge";
import type { Api } from "@/parts/client";
import { count } from "@/parts/money";
import { type Column, Table } from "@/parts/table";

type Row = Api<"RowAnswer">;

const DOES: Readonly<Record<Api<"Does">, readonly [words: string, tone: Tone]>> = {
  add: ["New", "good"],
  change: ["Changed", "busy"],
  propose_bank_details: ["Bank details proposed", "warn"],
};

const COLUMNS: readonly Column<Row>[] = [
  { id: "line", header: "Line", track: "4.5rem", cell: (row) => row.line },
  { id: "name", header: "Row", track: "minmax(0, 1fr)", cell: (row) => row.name ?? "–" },
  {
    id: "verdict",
    header: "Verdict",
    track: "minmax(0, 2fr)",
    cell: (row) => (
      <span title={row.error ?? undefined}>
        <Verdict row={row} />
      </span>
    ),
  },
];

export function Verdicts({ rows }: { rows: readonly Row[] }) {
  const [wrongOnly, setWrongOnly] = useState(false);
  const wrong = rows.filter((row) => row.error !== null);
  return (
    <>
      {wrong.length > 0 && (
        <label className="flex items-center gap-2 border-b border-line px-4 py-2.5">
          <input
            type="checkbox"
            className="size-4 accent-accent-fill"
            checked={wrongOnly}
            onChange={(event) => setWrongOnly(event.target.checked)}
          />
          Only the {count(wrong.length)} wrong
        </label>
      )}
      <Table
        label="Rows of the file"
        rows={wrongOnly ? wrong : rows}
        columns={COLUMNS}
        rowKey={(row) => String(row.line)}
        card={(row) => (
          <p className="flex flex-wrap items-baseline gap-x-2 whitespace-normal">
            <span className="text-quiet">{row.line}</span>
            <span className="font-medium">{row.name}</span>
            <Verdict row={row} />
          </p>
        )}
      />
    </>
  );
}

function Verdict({ row }: { row: Row }) {
  if (row.error) return <span className="text-bad">{row.error}</span>;
  if (row.does.length === 0) return <Badge>As it is</Badge>;
  return (
    <span className="flex flex-wrap gap-1">
      {row.does.map((does) => {
        const [words, tone] = DOES[does];
        return (
          <Badge key={does} tone={tone}>
            {words}
          </Badge>
        );
      })}
    </span>
  );
}
