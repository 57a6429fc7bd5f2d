/** Who may come in, and in which role. */
import { Plus, Users } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { List, usePages } from "@/parts/list";
import { useMay, useMe } from "@/parts/me";
import { Page } from "@/parts/page";
import { Empty } from "@/parts/states";
import type { Column } from "@/parts/table";
import { Age } from "@/parts/time";
import { NewPerson } from "./new";
import { PersonSheet } from "./person";
import { ROLES } from "./roles";

type Person = Api<"PersonRow">;

const columns = (open: (id: string) => void): readonly Column<Person>[] => [
  { id: "name", header: "Person", track: "minmax(0, 2fr)", cell: (row) => <Name person={row} open={open} /> },
  {
    id: "role",
    header: "Role",
    track: "9rem",
    cell: (row) => <Badge tone="busy">{ROLES[row.role][0]}</Badge>,
  },
  { id: "active", header: "Standing", track: "8rem", cell: (row) => <Standing person={row} /> },
  { id: "seen", header: "Last sign-in", track: "9rem", cell: (row) => <Seen person={row} /> },
];

export default function People() {
  const may = useMay("people.edit");
  const [adding, setAdding] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const query = usePages(["people"], (after) =>
    data(api.GET("/api/v1/people", { params: { query: { after } } })),
  );
  const person = query.data?.pages.flatMap((page) => page.items).find((each) => each.id === shown);
  return (
    <Page
      title="People"
      lead="Who may come in. What each role may do is fixed; payments are approved on the phone, not here."
      actions={
        may && (
          <Button look="main" onPress={() => setAdding(true)}>
            <Plus aria-hidden size={15} /> Let someone in
          </Button>
        )
      }
    >
      <List
        label="People"
        query={query}
        columns={columns(setShown)}
        rowKey={(row) => row.id}
        open={(row) => setShown(row.id)}
        card={(row) => (
          <div className="flex flex-col gap-1">
            <Name person={row} open={setShown} />
            <p className="flex flex-wrap items-center gap-2 text-sm text-quiet">
              <Badge tone="busy">{ROLES[row.role][0]}</Badge> <Standing person={row} /> <Seen person={row} />
            </p>
          </div>
        )}
        empty={<Empty icon={Users} title="Nobody" />}
      />
      <Dialog title="Let someone in" open={adding} close={() => setAdding(false)}>
        <NewPerson close={() => setAdding(false)} />
      </Dialog>
      <Dialog title={person?.name ?? ""} open={person !== undefined} close={() => setShown(null)} wide>
        {person && <PersonSheet key={person.version} person={person} />}
      </Dialog>
    </Page>
  );
}

/** The name is the keyboard's way to the person. */
function Name({ person, open }: { person: Person; open: (id: string) => void }) {
  const me = useMe().data;
  return (
    <span className="flex flex-col leading-snug">
      <span className="truncate">
        <button type="button" className="font-medium hover:underline" onClick={() => open(person.id)}>
          {person.name}
        </button>{" "}
        {person.id === me?.id && <span className="text-quiet">(you)</span>}
      </span>
      <span className="truncate text-sm text-quiet">{person.address}</span>
    </span>
  );
}

function Standing({ person }: { person: Person }) {
  return person.active ? <Badge tone="good">May come in</Badge> : <Badge>Not any more</Badge>;
}

function Seen({ person }: { person: Person }) {
  return person.signed_in_at ? (
    <Age since={person.signed_in_at} suffix=" ago" />
  ) : (
    <span className="text-quiet">never</span>
  );
}
