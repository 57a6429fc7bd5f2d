/** Letting someone in; they sign in by a link they ask for with their address. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Choice, FormProblem, TextField } from "@/parts/form";
import { fieldMessage } from "@/parts/problem";
import { withStepUp } from "@/parts/step-up";
import { toast } from "@/parts/toasts";
import { ROLE_CHOICES, ROLES } from "./roles";

export function NewPerson({ close }: { close: () => void }) {
  const queries = useQueryClient();
  const [address, setAddress] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Api<"Role">>("clerk");
  const add = useMutation({
    mutationFn: () => withStepUp(() => data(api.POST("/api/v1/people", { body: { address, name, role } }))),
    onSuccess: async (person) => {
      toast(`${person.name} may come in.`);
      close();
      await queries.invalidateQueries({ queryKey: ["people"] });
    },
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField
        label="Mail"
        help="The link to sign in goes there."
        type="email"
        required
        autoFocus
        maxLength={254}
        value={address}
        error={fieldMessage(add.error, "address")}
        onChange={(event) => setAddress(event.target.value.trim())}
      />
      <TextField
        label="Name"
        required
        maxLength={100}
        value={name}
        error={fieldMessage(add.error, "name")}
        onChange={(event) => setName(event.target.value)}
      />
      <Choice
        label="Role"
        help={ROLES[role][1]}
        value={role}
        onChange={(event) => setRole(event.target.value as Api<"Role">)}
        options={ROLE_CHOICES}
      />
      <FormProblem error={add.error} fields={["address", "name"]} />
      <div className="flex gap-2">
        <Button look="main" type="submit" busy={add.isPending}>
          Let them in
        </Button>
        <Button look="bare" onPress={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
