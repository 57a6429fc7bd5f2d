/** The measures, and their rows, in a reader's words. */
import { STATES } from "@/parts/badge";
import type { Api } from "@/parts/client";

export type Insight = Api<"InsightAnswer">;
export type Measure = Api<"Measure">;

export const TITLES: Readonly<Record<Measure, string>> = {
  touchless: "Touchless",
  times: "Time in each state",
  stops: "Why invoices stopped",
  vendors: "Vendors whose invoices stopped",
  approvers: "How approvers answer",
  spend: "Model spend",
  due: "Unpaid, by due date",
  msme: "Unpaid to vendors in India, by the MSME clock",
};

const KEYS: Readonly<Record<string, string>> = {
  touchless: "touchless",
  touched: "touched by someone",
  unknown: "no date read",
  overdue: "overdue",
  in_7_days: "within 7 days",
  in_30_days: "within 30 days",
  later: "later",
  within_15_days: "within 15 days",
  within_45_days: "within 45 days",
  over_45_days: "over 45 days",
};

/** What is most urgent stands first; what is not known, last. */
export const URGENCY: readonly string[] = [
  "overdue",
  "in_7_days",
  "in_30_days",
  "later",
  "over_45_days",
  "within_45_days",
  "within_15_days",
  "unknown",
];

/** Where no rule stopped an invoice, the step at which it stopped stands for the reason. */
const STOPPED_AT: Readonly<Record<string, string>> = {
  receive: "not taken in",
  extract: "could not be read",
  assess: "could not be assessed",
  check: "could not be checked",
  prepare: "bank form could not be filled",
  ask: "nobody could be asked",
  wait: "nobody answered in time",
  answer: "rejected by an approver",
  intend: "changed before the payment",
  pay: "payment did not go through",
  report: "forwarder could not be told",
  tell: "forwarder could not be told",
  decide: "rejected by a person",
};

export function reasonWords(key: string): string {
  return STOPPED_AT[key] ?? key.replaceAll("_", " ");
}

export function keyWords(key: string): string {
  return KEYS[key] ?? STATES[key]?.[0] ?? key.replaceAll("_", " ");
}

/** The address that opens the invoices behind a row. */
export function behind(days: string, measure: Measure, key: string): string {
  return `/insight?${new URLSearchParams({ days, measure, key })}`;
}
