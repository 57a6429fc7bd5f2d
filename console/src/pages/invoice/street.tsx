/** The street in words, with when each house was reached. */
import { Check } from "lucide-react";
import { brief, moment } from "@/parts/time";
import type { Invoice } from "./shape";

const MILESTONES = [
  ["received", "Received"],
  ["extracted", "Read"],
  ["assessed", "Assessed"],
  ["cleared", "Checked"],
  ["prepared", "Prepared"],
  ["asked", "Asked"],
  ["approved", "Approved"],
  ["paid", "Paid"],
] as const;

export function Street({ invoice }: { invoice: Invoice }) {
  const reached = new Map(invoice.entries.map((entry) => [entry.target, entry.at]));
  return (
    <ol aria-label="The way of the invoice" className="grid grid-cols-4 gap-y-3 sm:grid-cols-8">
      {MILESTONES.map(([state, words]) => {
        const at = reached.get(state);
        return (
          <li key={state} className="flex flex-col gap-1 text-xs">
            <span className="flex items-center">
              <span
                className={`grid size-4 shrink-0 place-items-center rounded-full ${at ? "bg-accent-fill text-white" : "border border-edge"}`}
              >
                {at && <Check aria-hidden size={10} strokeWidth={4} />}
              </span>
              <span className={`h-px grow ${at ? "bg-accent" : "bg-line"}`} />
            </span>
            <span className={at ? "font-medium" : "text-quiet"}>{words}</span>
            {at ? (
              <time dateTime={at} title={moment(at, true)} className="text-quiet">
                {brief(at)}
              </time>
            ) : (
              <span className="sr-only">not yet</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
