/** What the API says of an invoice in a list. */
import type { Sum } from "@/parts/money";

export type Row = {
  id: string;
  number: string | null;
  vendor: string | null;
  total: Sum | null;
  state: string;
  reason: string;
  simulated: boolean;
  received_at: string;
  since: string;
};
