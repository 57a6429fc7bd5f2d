/** The street in words, with when each house was reached; and every entry of the record, with its proof. */
import { Check } from "lucide-react";
import { State } from "@/parts/badge";
import { Hash } from "@/parts/facts";
import { brief, moment, Time } from "@/parts/time";
import type { Entry, Invoice } from "./shape";

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

export function Record({ entries }: { entries: readonly Entry[] }) {
  return (
    <ol className="divide-y divide-line">
      {[...entries].reverse().map((entry) => (
        <li key={entry.seq} className="flex flex-col gap-1 px-4 py-2.5">
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
            <State state={entry.target} />
            <span className="text-quiet">
              by {entry.step}, {entry.actor}
            </span>
            <span className="ml-auto text-sm text-quiet">
              <Time at={entry.at} precise />
            </span>
          </p>
          {entry.note && <p className="break-words">{entry.note}</p>}
          <details className="text-sm">
            <summary className="w-fit text-quiet">
              Entry {entry.seq}
              {entry.position === null ? ", not sealed yet" : `, place ${entry.position} in the sealed log`}
            </summary>
            <p className="pt-1">
              Leaf hash <Hash value={entry.leaf_hash} />
            </p>
          </details>
        </li>
      ))}
    </ol>
  );
}
