/** The fields for where money is to go; the account number goes in here and never comes back. */
import { TextField } from "@/parts/form";
import { fieldMessage } from "@/parts/problem";
import type { Bank } from "./shape";

type Props = { bank: Bank; change: (bank: Bank) => void; error: Error | null };

/** The fields that show their own messages. */
export const BANK_FIELDS = ["beneficiary", "account_number", "routing", "currency", "country"].flatMap(
  (name) => [name, `bank.${name}`],
);

export function BankFields({ bank, change, error }: Props) {
  const field = (name: keyof Bank) => ({
    required: true,
    value: bank[name],
    onChange: (event: { target: { value: string } }) => change({ ...bank, [name]: event.target.value }),
    error: fieldMessage(error, name),
  });
  return (
    <fieldset className="grid gap-3 sm:grid-cols-2">
      <legend className="sr-only">Bank details</legend>
      <div className="sm:col-span-2">
        <TextField
          label="Beneficiary"
          help="The account's holder, as the bank has it."
          maxLength={200}
          {...field("beneficiary")}
        />
      </div>
      <TextField
        label={bank.country.toUpperCase() === "IN" ? "Account number" : "IBAN"}
        help="Sealed at once; shown masked from then on."
        className="font-mono"
        spellCheck={false}
        maxLength={60}
        minLength={5}
        {...field("account_number")}
      />
      <TextField
        label={bank.country.toUpperCase() === "IN" ? "IFSC" : "BIC"}
        className="font-mono uppercase"
        spellCheck={false}
        maxLength={20}
        {...field("routing")}
      />
      <TextField
        label="Country"
        help="Two letters, IN for India."
        className="uppercase"
        pattern="[A-Za-z]{2}"
        maxLength={2}
        {...field("country")}
      />
      <TextField
        label="Currency"
        className="uppercase"
        pattern="[A-Za-z]{3}"
        maxLength={3}
        {...field("currency")}
      />
    </fieldset>
  );
}
