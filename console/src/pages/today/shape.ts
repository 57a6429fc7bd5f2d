/** What the API says of the day. */
import type { Sum } from "@/parts/money";

type Of = {
  invoice_id: string;
  number: string | null;
  vendor: string | null;
  total: Sum | null;
  since: string;
};

export type Today = {
  counts: { moving: number; asked: number; held: number; paid_today: number };
  waiting: (Of & { person: string })[];
  review: (Of & { reason: string; owner: string | null })[];
  outgoing: { day: string; sum: Sum; payments: number; paid: boolean }[];
  mailboxes: { name: string; proved_at: string; silent: boolean }[];
  services: { name: string; well: boolean; words: string }[];
  pauses: { since: string; reason: string }[];
  simulated: boolean;
};
