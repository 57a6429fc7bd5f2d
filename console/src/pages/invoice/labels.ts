/** What the parts of an invoice are called, in the order in which one checks them. */
import type { Tone } from "@/parts/badge";

export const LABELS: Readonly<Record<string, string>> = {
  seller_name: "Vendor",
  seller_tax_id: "Vendor's tax id",
  invoice_number: "Invoice number",
  issue_date: "Date",
  due_date: "Due",
  currency: "Currency",
  net: "Net",
  tax: "Tax",
  total: "Total",
  po_number: "Purchase order",
  account: "Account on it",
  ifsc: "IFSC or BIC",
  lines: "Line items",
};

/** Fields in our order, unknown ones last. */
export function inOrder<Row extends { name: string }>(rows: readonly Row[]): Row[] {
  const order = Object.keys(LABELS);
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...rows].sort((a, b) => place(a.name) - place(b.name));
}

/** How sure the reader was; the limits are those of the audit page. */
export function certainty(confidence: number): readonly [words: string, tone: Tone] {
  if (confidence >= 0.9) return ["sure", "good"];
  return confidence >= 0.7 ? ["fairly sure", "warn"] : ["unsure", "bad"];
}

export const SOURCES: Readonly<Record<string, string>> = {
  text: "from the text layer",
  ocr: "from OCR",
  xml: "from the e-invoice XML",
  person: "corrected by a person",
};

/** Why the reader took a value, or passed it over. */
export const WHYS: Readonly<Record<string, string>> = {
  only: "no other was seen",
  best_labelled: "has the clearest label",
  adds_up: "net and tax add up to it",
  check_holds: "its check digits hold",
  read_twice: "two readings agree",
  stated: "the e-invoice states it",
  weaker: "has a weaker label",
  rival: "labelled as clearly as the one taken",
  labelled_otherwise: "labelled as something else",
  sums_disagree: "net and tax do not add up with it",
  check_fails: "its check digits fail",
  rarer: "printed less often",
  in_words: "the amount in words",
  other_reading: "another reading of the same page",
  on_page: "shown on the page, not stated in the e-invoice",
};

export const SEVERITIES: Readonly<Record<string, readonly [words: string, tone: Tone]>> = {
  info: ["Note", "calm"],
  warn: ["Warning", "warn"],
  hold: ["Holds the invoice", "warn"],
  reject: ["Ends the invoice", "bad"],
};
