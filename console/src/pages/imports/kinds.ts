/** What can be imported: where from, with which columns, and by which calls. */
import { api } from "@/parts/client";

const VENDORS = {
  plural: "vendors",
  home: "/vendors",
  permission: "vendors.edit",
  columns: [
    "name",
    "aliases",
    "tax_id",
    "beneficiary_name",
    "account_number",
    "routing",
    "currency",
    "country",
    "email",
    "phone",
  ],
  note: "Bank details are never changed by a file: other ones than the master's are proposed, and wait for a second person.",
  check: (csv: string) => api.POST("/api/v1/vendors/import/check", { body: { csv } }),
  write: (sha256: string) => api.POST("/api/v1/vendors/import", { body: { sha256 } }),
} as const;

const ORDERS = {
  plural: "purchase orders",
  home: "/purchase-orders",
  permission: "orders.edit",
  columns: ["number", "vendor_tax_id", "currency", "total", "description", "status"],
  note: "An order is known by its number, its vendor by the tax id. Status is open or closed.",
  check: (csv: string) => api.POST("/api/v1/purchase-orders/import/check", { body: { csv } }),
  write: (sha256: string) => api.POST("/api/v1/purchase-orders/import", { body: { sha256 } }),
} as const;

export const KINDS = { vendors: VENDORS, orders: ORDERS } as const;
export type Kind = (typeof KINDS)[keyof typeof KINDS];
