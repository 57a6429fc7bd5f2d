/** The filters of the list, kept in the address, so that a filtered list can be linked and gone back to. */
import { STATES } from "@/parts/badge";
import type { Api } from "@/parts/client";
import { Choice, TextField } from "@/parts/form";

const NAMES = ["q", "vendor", "order", "from", "until"] as const;
type Name = (typeof NAMES)[number] | "state";

export type FilterValues = Partial<Record<(typeof NAMES)[number], string>> & { state?: Api<"State">[] };

/** What stands in an address as the API takes it; `state` may stand there more than once. */
export function filtersOf(search: URLSearchParams): FilterValues {
  const states = search.getAll("state").filter((each): each is Api<"State"> => each in STATES);
  return {
    ...Object.fromEntries(NAMES.flatMap((name) => (search.get(name) ? [[name, search.get(name)]] : []))),
    ...(states.length > 0 ? { state: states } : {}),
  };
}

export function Filters(props: { search: URLSearchParams; change: (name: Name, value: string) => void }) {
  const value = (name: Name) => props.search.get(name) ?? "";
  return (
    <>
      <div className="w-36">
        <Choice
          label="State"
          hideLabel
          value={value("state")}
          onChange={(event) => props.change("state", event.target.value)}
          options={[
            ["", "Any state"],
            ...Object.entries(STATES).map(([state, [words]]) => [state, words] as const),
          ]}
        />
      </div>
      {(["from", "until"] as const).map((name) => (
        <div key={name} className="w-36 max-md:hidden">
          <TextField
            label={name === "from" ? "Came in from" : "Came in until"}
            hideLabel
            type="date"
            title={name === "from" ? "Came in from" : "Came in until"}
            value={value(name)}
            onChange={(event) => props.change(name, event.target.value)}
          />
        </div>
      ))}
    </>
  );
}
