/** What the API says of one invoice. */
import type { Sum } from "@/parts/money";

/** A box on a page: pages count from 1, edges are fractions of the page from its top left corner. */
export type Place = { page: number; x0: number; y0: number; x1: number; y1: number };

export type Field = {
  name: string;
  value: string | null;
  /** The document's own text. */
  printed: string | null;
  confidence: number;
  source: string | null;
  place: Place | null;
};

export type PagePicture = { number: number; url: string; width: number; height: number };

export type Document = { name: string; type: string; sha256: string; pages: PagePicture[] };

export type Finding = { rule: string; severity: string; sentence: string; evidence: Record<string, string> };

export type Twin = {
  id: string;
  number: string | null;
  vendor: string | null;
  total: Sum | null;
  state: string;
  received_at: string;
};

export type Question = {
  person: { name: string };
  asked_at: string;
  expires_at: string;
  reminded_at: string | null;
  answered_at: string | null;
  verdict: string | null;
  /** Asked about terms that have changed since. */
  superseded: boolean;
};

export type Screenshot = { title: string; url: string; sha256: string };

export type Entry = {
  seq: number;
  /** Its place in the sealed log; null until it is sealed. */
  position: number | null;
  at: string;
  step: string;
  source: string;
  target: string;
  actor: string;
  note: string;
  leaf_hash: string;
};

export type Invoice = {
  id: string;
  version: number;
  number: string | null;
  vendor: string | null;
  total: Sum | null;
  state: string;
  reason: string;
  simulated: boolean;
  received_at: string;
  since: string;
  forwarder: string | null;
  /** Where a person may send it now. */
  ways: string[];
  fingerprint: string | null;
  document: Document | null;
  fields: Field[];
  findings: Finding[];
  twins: Twin[];
  purchase_order: { number: string; amount: Sum; left: Sum; state: string } | null;
  payment: {
    beneficiary: string;
    account_masked: string;
    routing: string;
    rail: string;
    amount: Sum;
    reference: string;
    pay_on: string;
    people_needed: number;
    bank_reference: string | null;
    booked_at: string | null;
    simulated: boolean;
  } | null;
  questions: Question[];
  screenshots: Screenshot[];
  model: {
    requested_model: string;
    served_model: string;
    provider: string;
    request_sha256: string;
    response_sha256: string;
    report: {
      verdict: string;
      risk: string;
      summary: string;
      checks: { code: string; ok: boolean; note: string }[];
    } | null;
    actions: Record<string, unknown>[];
    accepted: boolean | null;
    refusal: string | null;
    cost_usd: string | null;
  } | null;
  entries: Entry[];
};
