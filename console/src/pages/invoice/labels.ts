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

export const SEVERITIES: Readonly<Record<string, readonly [words: string, tone: Tone]>> = {
  info: ["Note", "calm"],
  warn: ["Warning", "warn"],
  hold: ["Holds the invoice", "warn"],
  reject: ["Ends the invoice", "bad"],
};
