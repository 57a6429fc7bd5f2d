/** Names and their values, side by side. */
import type { ReactNode } from "react";

export type Fact = readonly [name: string, value: ReactNode];

/** Facts whose value is null or undefined are left out. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="grid grid-cols-[minmax(7rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5">
      {facts
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-quiet">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A long hash: enough of it to compare, all of it to copy. */
export function Hash({ value }: { value: string }) {
  return (
    <code title={value} className="font-mono text-xs break-all text-quiet">
      {value}
    </code>
  );
}
