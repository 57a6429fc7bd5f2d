/** What a batch is, in a reader's words. */
import { Badge, type Tone } from "@/parts/badge";
import type { Api } from "@/parts/client";
import { Money } from "@/parts/money";

export type Batch = Api<"ExportBatch">;
export type Format = Api<"LedgerFormat">;

export const FORMATS: Readonly<Record<Format, readonly [name: string, says: string]>> = {
  csv: ["CSV", "A row for each payment, for any spreadsheet; no cell is a formula."],
  tally: ["Tally XML", "Purchase and payment vouchers, to be imported into Tally."],
  ubl: ["UBL 2.1", "A zip with one e-invoice document for each payment."],
};

const DELIVERY: Readonly<Record<Api<"DeliveryStatus">, readonly [words: string, tone: Tone]>> = {
  waiting: ["On its way", "busy"],
  delivered: ["Delivered", "good"],
  failed: ["Not delivered", "bad"],
};

export function Delivered({ batch }: { batch: Batch }) {
  if (!batch.delivery) return <span className="text-sm text-quiet">by hand</span>;
  const [words, tone] = DELIVERY[batch.delivery.status];
  return <Badge tone={tone}>{words}</Badge>;
}

/** One sum for each currency. */
export function Sums({ sums }: { sums: Batch["totals"] }) {
  if (sums.length === 0) return <span className="text-quiet">–</span>;
  return (
    <span className="flex flex-col items-end leading-snug">
      {sums.map((sum) => (
        <Money key={sum.currency} sum={sum} className="font-medium" />
      ))}
    </span>
  );
}
