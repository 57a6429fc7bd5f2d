/** Keys for programs: made with scopes and an end, shown once, taken back at any time. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Copy, SquareTerminal } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem, TextField } from "@/parts/form";
import { type Permission, useMe } from "@/parts/me";
import { Panel } from "@/parts/page";
import { Answer, Empty } from "@/parts/states";
import { withStepUp } from "@/parts/step-up";
import { Time } from "@/parts/time";
import { toast } from "@/parts/toasts";

const DAYS = 90;
/** What needs a fresh proof of a person can never be a program's. */
const NEVER: readonly Permission[] = ["people.edit", "policy.edit", "keys.edit", "bank_details.confirm"];

export function Keys() {
  const queries = useQueryClient();
  const query = useQuery({ queryKey: ["api-keys"], queryFn: () => data(api.GET("/api/v1/api-keys")) });
  const end = useMutation({
    mutationFn: (id: string) =>
      withStepUp(() => data(api.DELETE("/api/v1/api-keys/{key_id}", { params: { path: { key_id: id } } }))),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["api-keys"] }),
  });
  return (
    <Panel title="API keys" className="lg:col-span-2">
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={SquareTerminal} title="No keys">
              A program signs in with a key instead of a person. Give it no more than it needs.
            </Empty>
          ) : (
            <ul className="divide-y divide-line">
              {items.map((each) => (
                <li key={each.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
                  <span className="min-w-0 grow">
                    <span className="block truncate font-medium">{each.name}</span>
                    <span className="text-sm text-quiet">
                      {each.hint}…, by {each.made_by}, until <Time at={each.expires_at} />
                    </span>
                  </span>
                  <span className="flex flex-wrap gap-1">
                    {each.scopes.map((scope) => (
                      <Badge key={scope}>{scope}</Badge>
                    ))}
                  </span>
                  <Button onPress={() => end.mutate(each.id)}>End</Button>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
      <NewKey />
    </Panel>
  );
}

function NewKey() {
  const queries = useQueryClient();
  const offered = (useMe().data?.may ?? []).filter((scope) => !NEVER.includes(scope));
  const [name, setName] = useState("");
  const [days, setDays] = useState(DAYS);
  const [scopes, setScopes] = useState<ReadonlySet<Permission>>(new Set(["read"]));
  const make = useMutation({
    mutationFn: () =>
      withStepUp(() => data(api.POST("/api/v1/api-keys", { body: { name, days, scopes: [...scopes] } }))),
    onSuccess: () => {
      setName("");
      void queries.invalidateQueries({ queryKey: ["api-keys"] });
    },
    meta: { quiet: true },
  });
  const toggle = (scope: Permission) => {
    const next = new Set(scopes);
    if (!next.delete(scope)) next.add(scope);
    setScopes(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 border-t border-line p-4">
      {make.data && <Shown secret={make.data.key} />}
      <div className="grid gap-3 md:grid-cols-[minmax(0,1fr)_8rem]">
        <TextField
          label="Name of a new key"
          placeholder="Bookkeeping"
          required
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label="Days it lasts"
          type="number"
          min={1}
          max={366}
          required
          value={days}
          onChange={(event) => setDays(event.target.valueAsNumber)}
        />
      </div>
      <fieldset className="flex flex-wrap gap-x-4 gap-y-1.5">
        <legend className="mb-1 text-sm font-medium">It may</legend>
        {offered.map((scope) => (
          <label key={scope} className="flex items-center gap-1.5">
            <input
              type="checkbox"
              className="size-4 accent-accent-fill"
              checked={scopes.has(scope)}
              onChange={() => toggle(scope)}
            />
            {scope.replaceAll(/[._]/g, " ")}
          </label>
        ))}
      </fieldset>
      <FormProblem error={make.error} />
      <Button type="submit" className="self-start" busy={make.isPending}>
        Make a key
      </Button>
    </form>
  );
}

function Shown({ secret }: { secret: string }) {
  const copy = () => void navigator.clipboard.writeText(secret).then(() => toast("Copied."));
  return (
    <div role="status" className="flex flex-col gap-2 rounded-md bg-good-soft p-3">
      <p className="text-good">Here is the key. It is shown this once; keep it where secrets are kept.</p>
      <p className="flex items-center gap-2">
        <code className="min-w-0 grow font-mono text-sm break-all">{secret}</code>
        <Button onPress={copy}>
          <Copy aria-hidden size={15} /> Copy
        </Button>
      </p>
    </div>
  );
}
