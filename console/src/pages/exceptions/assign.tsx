/** To whom exceptions are given: everyone who may look after them; arrows choose, Enter gives. */
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem } from "@/parts/form";
import { useMe } from "@/parts/me";
import { Answer, Empty } from "@/parts/states";
import { ROLES } from "../people/roles";

const MOST = 200;
/** Whose roles include looking after exceptions; the server refuses the others, too. */
const CLAIMERS: readonly string[] = ["admin", "clerk"];

type Props = {
  /** Who looks after them now, when it is one person for all. */
  owner: string | undefined;
  busy: boolean;
  error: Error | null;
  send: (to: string) => void;
};

export function Assign(props: Props) {
  const query = useQuery({
    queryKey: ["people", "claimers"],
    queryFn: () => data(api.GET("/api/v1/people", { params: { query: { limit: MOST } } })),
    select: ({ items }) =>
      items
        .filter((each) => each.active && CLAIMERS.includes(each.role))
        .sort((one, other) => one.name.localeCompare(other.name)),
  });
  return (
    <Answer query={query}>
      {(people) => <Picker people={people.filter((each) => each.id !== props.owner)} {...props} />}
    </Answer>
  );
}

type Claimer = { id: string; name: string; address: string; role: keyof typeof ROLES };

function Picker({ people, busy, error, send }: Props & { people: readonly Claimer[] }) {
  const me = useMe().data;
  const [to, setTo] = useState(people[0]?.id);
  const first = useRef<HTMLInputElement>(null);
  // The dialog was open before the people were known; Enter at once gives to the first of them.
  useEffect(() => first.current?.focus(), []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (to) send(to);
  };
  if (people.length === 0) {
    return (
      <Empty title="Nobody else">No other person may look after exceptions. An admin lets people in.</Empty>
    );
  }
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <fieldset className="flex max-h-72 flex-col gap-0.5 overflow-y-auto">
        <legend className="sr-only">Person</legend>
        {people.map((each, index) => (
          <label
            key={each.id}
            className="flex cursor-pointer items-center gap-3 rounded-md px-2 py-1.5 hover:bg-sunk has-checked:bg-accent-soft"
          >
            <input
              type="radio"
              name="person"
              ref={index === 0 ? first : undefined}
              checked={each.id === to}
              onChange={() => setTo(each.id)}
              className="size-4 accent-accent-fill"
            />
            <span className="min-w-0 grow">
              <span className="font-medium">{each.name}</span>
              {each.id === me?.id && " (you)"}
              <span className="block truncate text-sm text-quiet">{each.address}</span>
            </span>
            <span className="text-sm text-quiet">{ROLES[each.role][0]}</span>
          </label>
        ))}
      </fieldset>
      <FormProblem error={error} />
      <div className="flex justify-end">
        <Button look="main" type="submit" busy={busy}>
          Assign
        </Button>
      </div>
    </form>
  );
}
