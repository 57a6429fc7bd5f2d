/** What one person may change of a vendor. A stale form is refused and never overwrites someone else's change. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { FormProblem, TextField } from "@/parts/form";
import { fieldMessage, Problem } from "@/parts/problem";
import { toast } from "@/parts/toasts";
import { namesOf, renew, type Vendor } from "./shape";

const FIELDS = ["name", "aliases", "email", "phone"];

export function EditVendor(props: { vendor: Vendor; open: boolean; close: () => void }) {
  return (
    <Dialog title={`Edit ${props.vendor.name}`} open={props.open} close={props.close}>
      <Form vendor={props.vendor} close={props.close} />
    </Dialog>
  );
}

function Form({ vendor, close }: { vendor: Vendor; close: () => void }) {
  const queries = useQueryClient();
  // The version that the fields were filled from, not the newest: a stale form must not win.
  const [seen] = useState(vendor.version);
  const [form, setForm] = useState({
    name: vendor.name,
    aliases: vendor.aliases.join("; "),
    email: vendor.email ?? "",
    phone: vendor.phone ?? "",
  });
  const save = useMutation({
    mutationFn: () =>
      data(
        api.PATCH("/api/v1/vendors/{vendor_id}", {
          params: { path: { vendor_id: vendor.id } },
          body: {
            version: seen,
            name: form.name,
            aliases: namesOf(form.aliases),
            email: form.email || null,
            phone: form.phone || null,
          },
        }),
      ),
    onSuccess: async () => {
      toast("Saved.");
      close();
      await renew(queries, vendor.id);
    },
    onError: (error) => error instanceof Problem && error.kind === "stale" && renew(queries, vendor.id),
    meta: { quiet: true },
  });
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [name]: event.target.value }),
    error: fieldMessage(save.error, name),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField label="Name" required maxLength={200} {...field("name")} />
      <TextField label="Other names on its invoices" help="Separated by semicolons." {...field("aliases")} />
      <TextField label="Mail" type="email" maxLength={254} {...field("email")} />
      <TextField
        label="Telephone for call-backs"
        help="A new number counts for call-backs only after the cooling-off."
        type="tel"
        maxLength={25}
        {...field("phone")}
      />
      <p className="text-sm text-quiet">Bank details are not edited here: they take two people.</p>
      <FormProblem error={save.error} fields={FIELDS} />
      <div className="flex gap-2">
        <Button look="main" type="submit" busy={save.isPending}>
          Save
        </Button>
        <Button look="bare" onPress={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
