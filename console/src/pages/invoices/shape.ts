/** What the API says of an invoice in a list. */
import type { Api } from "@/parts/client";

export type Row = Api<"InvoiceRow">;
