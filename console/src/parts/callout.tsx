/** A sentence that must be seen, in the colour of how much it matters. */
import type { ReactNode } from "react";
import type { Tone } from "./badge";

const TONES: Readonly<Record<Tone, string>> = {
  calm: "bg-sunk text-ink",
  busy: "bg-accent-soft text-accent",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
};

export function Callout({ tone = "calm", children }: { tone?: Tone; children: ReactNode }) {
  return <div className={`rounded-md px-3 py-2 ${TONES[tone]}`}>{children}</div>;
}
