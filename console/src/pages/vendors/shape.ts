/** What a form of a vendor holds before it is sent, and what its changes make old. */
import type { QueryClient } from "@tanstack/react-query";
import type { Api } from "@/parts/client";

export type Vendor = Api<"VendorAnswer">;
export type BankChange = Api<"BankChangeAnswer">;
export type Bank = Api<"BankDetailsIn">;

export const NO_BANK: Bank = {
  beneficiary: "",
  account_number: "",
  routing: "",
  currency: "INR",
  country: "IN",
};

/** Names in one line, separated by semicolons, as the API takes them. */
export function namesOf(text: string): string[] {
  return text
    .split(";")
    .map((each) => each.trim())
    .filter(Boolean);
}

/** After a change: ask again for everything that shows the vendor. */
export async function renew(queries: QueryClient, id: string): Promise<void> {
  await Promise.all(
    [["vendors"], ["vendor", id], ["bank-changes"]].map((queryKey) =>
      queries.invalidateQueries({ queryKey }),
    ),
  );
}
