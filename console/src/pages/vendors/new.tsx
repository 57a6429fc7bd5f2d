/** A new vendor; it is paid only after a second person confirmed where its money goes. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { Button, LinkButton } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem, TextField } from "@/parts/form";
import { useMay } from "@/parts/me";
import { Page, Panel } from "@/parts/page";
import { fieldMessage } from "@/parts/problem";
import { Empty } from "@/parts/states";
import { toast } from "@/parts/toasts";
import { BANK_FIELDS, BankFields } from "./bank-fields";
import { NO_BANK, namesOf, renew } from "./shape";

const OWN_FIELDS = ["name", "tax_id", "aliases", "email", "phone", ...BANK_FIELDS];

export default function NewVendor() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const may = useMay("vendors.edit");
  const [form, setForm] = useState({ name: "", tax_id: "", aliases: "", email: "", phone: "" });
  const [bank, setBank] = useState(NO_BANK);
  const make = useMutation({
    mutationFn: () =>
      data(
        api.POST("/api/v1/vendors", {
          body: {
            name: form.name,
            tax_id: form.tax_id,
            aliases: namesOf(form.aliases),
            email: form.email || null,
            phone: form.phone || null,
            bank,
          },
        }),
      ),
    onSuccess: async (vendor) => {
      await renew(queries, vendor.id);
      toast(`${vendor.name} is in the master. A second person must confirm its bank details.`);
      await navigate(`/vendors/${vendor.id}`);
    },
    meta: { quiet: true },
  });
  const error = make.error;
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
    error: fieldMessage(error, name),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  if (!may) {
    return (
      <Page title="New vendor">
        <Empty title="Not yours to do">Only an administrator makes vendors.</Empty>
      </Page>
    );
  }
  return (
    <Page title="New vendor" lead="It is paid only after a second person confirmed its bank details.">
      <form onSubmit={submit} className="flex max-w-3xl flex-col gap-4">
        <Panel title="Who it is">
          <div className="grid gap-3 p-4 sm:grid-cols-2">
            <TextField label="Name" required maxLength={200} {...field("name")} />
            <TextField
              label="GSTIN or VAT number"
              help="Vendors are recognised by it."
              required
              maxLength={30}
              className="font-mono uppercase"
              {...field("tax_id")}
            />
            <TextField
              label="Other names on its invoices"
              help="Separated by semicolons."
              {...field("aliases")}
            />
            <TextField label="Mail" type="email" maxLength={254} {...field("email")} />
            <TextField
              label="Telephone for call-backs"
              help="One that you know to be true, with + and the country's code."
              type="tel"
              maxLength={25}
              {...field("phone")}
            />
          </div>
        </Panel>
        <Panel title="Where its money goes">
          <div className="p-4">
            <BankFields bank={bank} change={setBank} error={error} />
          </div>
        </Panel>
        <FormProblem error={error} fields={OWN_FIELDS} />
        <div className="flex gap-2">
          <Button look="main" type="submit" busy={make.isPending}>
            Make the vendor
          </Button>
          <LinkButton look="bare" to="/vendors">
            Cancel
          </LinkButton>
        </div>
      </form>
    </Page>
  );
}
