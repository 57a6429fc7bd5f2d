/** The exception the keyboard is at: enough to decide without opening it. */
import { useQuery } from "@tanstack/react-query";
import { Button, LinkButton } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Key } from "@/parts/keys";
import { Money } from "@/parts/money";
import { Answer } from "@/parts/states";
import { Findings } from "../invoice/findings";
import type { Actions } from "./actions";
import type { Exception } from "./shape";

export function Preview({
  row,
  may,
  mine,
  actions,
}: {
  row: Exception;
  may: boolean;
  mine: boolean;
  actions: Actions;
}) {
  const query = useQuery({
    queryKey: ["invoice", row.id],
    queryFn: () =>
      data(api.GET("/api/v1/invoices/{invoice_id}", { params: { path: { invoice_id: row.id } } })),
  });
  return (
    <aside
      aria-label="The exception at hand"
      className="panel sticky top-4 hidden max-h-[calc(100dvh-2rem)] overflow-auto xl:block"
    >
      <div className="flex flex-col gap-3 border-b border-line p-4">
        <div>
          <p className="flex items-baseline justify-between gap-3">
            <span className="truncate font-semibold">{row.vendor ?? "Unknown vendor"}</span>
            <Money sum={row.total} className="font-semibold" />
          </p>
          <p className="text-sm text-quiet">{row.number ?? "No number"}</p>
        </div>
        <p className="break-words">{row.reason}</p>
        <div className="flex flex-wrap gap-2">
          <LinkButton to={`/invoices/${row.id}`} look="main">
            Open <Key>o</Key>
          </LinkButton>
          {may && (
            <>
              <Button busy={actions.busy} onPress={() => actions.resume([row])}>
                Judge again <Key>r</Key>
              </Button>
              <Button look="danger" busy={actions.busy} onPress={() => actions.askReason([row])}>
                Reject <Key>e</Key>
              </Button>
              <Button look="bare" busy={actions.busy} onPress={() => actions.claim([row], mine)}>
                {mine ? "Give back" : "Claim"} <Key>c</Key>
              </Button>
              <Button look="bare" busy={actions.busy} onPress={() => actions.askPerson([row])}>
                Assign <Key>p</Key>
              </Button>
            </>
          )}
        </div>
      </div>
      <Answer query={query}>{(invoice) => <Findings invoice={invoice} />}</Answer>
    </aside>
  );
}
