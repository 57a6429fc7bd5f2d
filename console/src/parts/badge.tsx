/** A word with a tone: states, severities, roles. */
import type { ReactNode } from "react";

export type Tone = "calm" | "busy" | "good" | "warn" | "bad";

const TONES: Readonly<Record<Tone, string>> = {
  calm: "bg-sunk text-quiet",
  busy: "bg-accent-soft text-accent",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
};

export const STATES: Readonly<Record<string, readonly [words: string, tone: Tone]>> = {
  received: ["Received", "busy"],
  extracted: ["Read", "busy"],
  assessed: ["Assessed", "busy"],
  cleared: ["Checked", "busy"],
  prepared: ["Prepared", "busy"],
  asked: ["Asked", "busy"],
  approved: ["Approved", "busy"],
  paying: ["Paying", "busy"],
  paid: ["Paid", "good"],
  held: ["Held", "warn"],
  rejected: ["Rejected", "bad"],
  closed: ["Closed", "calm"],
};

export function Badge({ tone = "calm", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span
      className={`inline-flex items-center rounded-sm px-1.5 py-px text-xs font-medium whitespace-nowrap ${TONES[tone]}`}
    >
      {children}
    </span>
  );
}

/** A state of the street in a reader's word. */
export function State({ state }: { state: string }) {
  const [words, tone] = STATES[state] ?? [state, "calm" as const];
  return <Badge tone={tone}>{words}</Badge>;
}

/** Stands wherever a payment of the simulated bank is shown. */
export function Simulated() {
  return (
    <span className="rounded-sm border border-warn px-1 text-xs font-bold tracking-wide text-warn">
      SIMULATED
    </span>
  );
}
