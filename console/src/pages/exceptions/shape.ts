/** What the API says of a held invoice. */
import type { Sum } from "@/parts/money";

export type Exception = {
  id: string;
  version: number;
  number: string | null;
  vendor: string | null;
  total: Sum | null;
  reason: string;
  group: string;
  since: string;
  owner: { id: string; name: string } | null;
};
