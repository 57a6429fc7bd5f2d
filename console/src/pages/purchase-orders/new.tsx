/** A new purchase order. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { Button, LinkButton } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem, TextArea, TextField } from "@/parts/form";
import { useMay } from "@/parts/me";
import { Page } from "@/parts/page";
import { fieldMessage } from "@/parts/problem";
import { Empty } from "@/parts/states";
import { toast } from "@/parts/toasts";
import { VendorChoice } from "./vendor-choice";

const FIELDS = ["number", "total.amount", "total.currency", "description"].flatMap((name) => [
  name,
  `body.${name}`,
]);

export default function NewOrder() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const may = useMay("orders.edit");
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
  if (!may) {
    return (
      <Page title="New purchase order">
        <Empty title="Not yours to do">Your role may look at purchase orders, not make them.</Empty>
      </Page>
    );
  }
  return (
    <Page title="New purchase order" lead="Invoices that name it are paid only within what is left of it.">
      <form onSubmit={submit} className="panel flex max-w-xl flex-col gap-3 p-4">
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
          <LinkButton look="bare" to="/purchase-orders">
            Cancel
          </LinkButton>
        </div>
      </form>
    </Page>
  );
}
