/** New bank details are proposed here, and wait then. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { api, data } from "@/parts/client";
import { FormProblem, TextArea } from "@/parts/form";
import { toast } from "@/parts/toasts";
import { BANK_FIELDS, BankFields } from "./bank-fields";
import { NO_BANK, renew, type Vendor } from "./shape";

export function Propose({ vendor, close }: { vendor: Vendor; close: () => void }) {
  const queries = useQueryClient();
  const [seen] = useState(vendor.version);
  const [reason, setReason] = useState("");
  const [bank, setBank] = useState({
    ...NO_BANK,
    beneficiary: vendor.beneficiary,
    currency: vendor.currency,
    country: vendor.country,
  });
  const propose = useMutation({
    mutationFn: () =>
      data(
        api.POST("/api/v1/vendors/{vendor_id}/bank-changes", {
          params: { path: { vendor_id: vendor.id } },
          body: { version: seen, bank, reason },
        }),
      ),
    onSuccess: async () => {
      toast("Proposed. Another person calls the vendor and confirms.");
      close();
      await renew(queries, vendor.id);
    },
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    propose.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Callout tone="warn">
        Nothing is paid to this vendor until another person than you confirmed or rejected it.
      </Callout>
      <BankFields bank={bank} change={setBank} error={propose.error} />
      <TextArea
        label="Reason"
        help="Where the wish comes from: the letter, its date, who brought it."
        required
        maxLength={1000}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      <FormProblem error={propose.error} fields={BANK_FIELDS} />
      <div className="flex gap-2">
        <Button look="main" type="submit" busy={propose.isPending}>
          Propose
        </Button>
        <Button look="bare" onPress={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
