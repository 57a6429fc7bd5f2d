/** One person: name and role to change, out or in again, signed out everywhere, and what was ever changed. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Choice, FormProblem, TextField } from "@/parts/form";
import { HistoryPanel } from "@/parts/history";
import { useMay, useMe } from "@/parts/me";
import { fieldMessage } from "@/parts/problem";
import { withStepUp } from "@/parts/step-up";
import { toast } from "@/parts/toasts";
import { ROLE_CHOICES, ROLES } from "./roles";

type Person = Api<"PersonRow">;

export function PersonSheet({ person }: { person: Person }) {
  const may = useMay("people.edit");
  const path = { person_id: person.id };
  return (
    <div className="flex flex-col gap-4">
      {may ? <Edit person={person} /> : <p className="text-quiet">{ROLES[person.role][1]}</p>}
      <HistoryPanel
        queryKey={["people", person.id, "history"]}
        fetchPage={(after) =>
          data(api.GET("/api/v1/people/{person_id}/history", { params: { path, query: { after } } }))
        }
      />
    </div>
  );
}

function Edit({ person }: { person: Person }) {
  const queries = useQueryClient();
  const own = useMe().data?.id === person.id;
  const [name, setName] = useState(person.name);
  const [role, setRole] = useState(person.role);
  const path = { person_id: person.id };
  const change = useMutation({
    mutationFn: (wanted: Omit<Api<"PersonChange">, "version">) =>
      withStepUp(() =>
        data(
          api.PATCH("/api/v1/people/{person_id}", {
            params: { path },
            body: { ...wanted, version: person.version },
          }),
        ),
      ),
    onSuccess: async () => {
      toast("Saved.");
      await queries.invalidateQueries({ queryKey: ["people"] });
    },
    meta: { quiet: true },
  });
  const signOut = useMutation({
    mutationFn: () =>
      withStepUp(() => data(api.POST("/api/v1/people/{person_id}/sign-out", { params: { path } }))),
    onSuccess: () => toast(`${person.name} is signed out everywhere.`),
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ name, ...(own ? {} : { role }) });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Name"
          required
          maxLength={100}
          value={name}
          error={fieldMessage(change.error, "name")}
          onChange={(event) => setName(event.target.value)}
        />
        <Choice
          label="Role"
          help={own ? "Nobody changes their own role." : ROLES[role][1]}
          disabled={own}
          value={role}
          onChange={(event) => setRole(event.target.value as Api<"Role">)}
          options={ROLE_CHOICES}
        />
      </div>
      <FormProblem error={change.error ?? signOut.error} fields={["name"]} />
      <div className="flex flex-wrap gap-2">
        <Button look="main" type="submit" busy={change.isPending}>
          Save
        </Button>
        <Button busy={signOut.isPending} onPress={() => signOut.mutate()}>
          Sign out everywhere
        </Button>
        {!own && (
          <Button
            look={person.active ? "danger" : "plain"}
            busy={change.isPending}
            onPress={() => change.mutate({ active: !person.active })}
          >
            {person.active ? "Let them in no more" : "Let them in again"}
          </Button>
        )}
      </div>
    </form>
  );
}
