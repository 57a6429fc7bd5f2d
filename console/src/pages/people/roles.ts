/** The roles in a reader's words. */
import type { Api } from "@/parts/client";

export const ROLES: Readonly<Record<Api<"Role">, readonly [name: string, says: string]>> = {
  admin: ["Administrator", "Keeps vendors, policy and people; decides on invoices; reads the record."],
  approver: ["Approver", "Confirms bank details here; approves payments on the phone."],
  clerk: ["Clerk", "Uploads, corrects and decides on held invoices; keeps purchase orders."],
  auditor: ["Auditor", "Reads everything and exports the record; changes nothing."],
};

export const ROLE_CHOICES = Object.entries(ROLES).map(([role, [name]]) => [role, name] as const);
