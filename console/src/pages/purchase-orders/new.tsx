/** A new purchase order. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem, TextArea, TextField } from "@/parts/form";
import { fieldMessage } from "@/parts/problem";
import { toast } from "@/parts/toasts";
import { VendorChoice } from "./vendor-choice";

const FIELDS = ["number", "total.amount", "total.currency", "description"].flatMap((name) => [
  name,
  `body.${name}`,
]);

export function NewOrder({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [form, setForm] = useState({ number: "", amount: "", currency: "INR", description: "" });
  const [vendor, setVendor] = useState<string | null>(null);
  const make = useMutation({
    mutationFn: (vendorId: string) =>
      data(
        api.POST("/api/v1/purchase-orders", {
          body: {
            number: form.number,
            vendor_id: vendorId,
            total: { amount: form.amount, currency: form.currency.toUpperCase() },
            description: form.description,
            open: true,
          },
        }),
      ),
    onSuccess: async (order) => {
      await queries.invalidateQueries({ queryKey: ["orders"] });
      toast(`${order.number} is in the master.`);
      close();
      await navigate(`/purchase-orders/${order.id}`);
    },
    meta: { quiet: true },
  });
  const error = make.error;
  const field = (name: keyof typeof form, at: string = name) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
    error: fieldMessage(error, at),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (vendor) make.mutate(vendor);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField
        label="Number"
        help="As the vendor prints it on the invoice."
        required
        maxLength={100}
        {...field("number")}
      />
      <VendorChoice choose={setVendor} />
      <div className="grid grid-cols-[minmax(0,1fr)_6rem] gap-3">
        <TextField
          label="Total"
          inputMode="decimal"
          pattern="[0-9]+([.][0-9]{1,3})?"
          title="Digits, with a point before the smaller unit"
          required
          {...field("amount", "total.amount")}
        />
        <TextField
          label="Currency"
          className="uppercase"
          pattern="[A-Za-z]{3}"
          maxLength={3}
          required
          {...field("currency", "total.currency")}
        />
      </div>
      <TextArea label="Description" rows={2} maxLength={1000} {...field("description")} />
      <FormProblem error={error} fields={FIELDS} />
      <div className="flex gap-2">
        <Button look="main" type="submit" disabled={!vendor} busy={make.isPending}>
          Make the order
        </Button>
        <Button look="bare" onPress={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
