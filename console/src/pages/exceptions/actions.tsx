/** Claiming, assigning, letting go on and rejecting, one or many: each item's own result is told. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { FormProblem, TextArea } from "@/parts/form";
import { toast } from "@/parts/toasts";
import { Assign } from "./assign";
import type { Exception } from "./shape";

type Items = readonly Exception[];
type Order = {
  action: "resume" | "reject" | "claim" | "release" | "assign";
  items: Items;
  reason?: string;
  to?: string;
};

export type Actions = {
  claim: (items: Items, back: boolean) => void;
  resume: (items: Items) => void;
  /** Opens the dialog that asks why. */
  askReason: (items: Items) => void;
  /** Opens the dialog that asks to whom. */
  askPerson: (items: Items) => void;
  busy: boolean;
  /** To be placed on the page once. */
  dialog: ReactNode;
};

const DONE: Readonly<Record<Order["action"], string>> = {
  resume: "judged again",
  reject: "rejected",
  claim: "claimed",
  release: "given back",
  assign: "assigned",
};

export function useActions(done: () => void): Actions {
  const queries = useQueryClient();
  const [rejecting, setRejecting] = useState<Items>([]);
  const [assigning, setAssigning] = useState<Items>([]);
  const bulk = useMutation({
    mutationFn: ({ action, items, reason, to }: Order) =>
      data(
        api.POST("/api/v1/exceptions/bulk", {
          body: {
            action,
            reason: reason ?? "",
            to: to ?? null,
            items: items.map(({ id, version }) => ({ id, version })),
          },
        }),
      ),
    onSuccess: ({ results }, { action, items }) => {
      const refused = results.filter((result) => !result.done);
      const well = results.length - refused.length;
      if (well > 0)
        toast(well === 1 ? `${named(items, results)} is ${DONE[action]}.` : `${well} are ${DONE[action]}.`);
      for (const result of refused) toast(`${nameOf(items, result.id)}: ${result.detail}`, "bad");
      setRejecting([]);
      setAssigning([]);
      done();
    },
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" }),
  });
  const order = (action: Order["action"], items: Items, more: Pick<Order, "reason" | "to"> = {}) => {
    if (items.length > 0 && !bulk.isPending) bulk.mutate({ action, items, ...more });
  };
  const owners = new Set(assigning.map((each) => each.owner?.id));
  return {
    claim: (items, back) => order(back ? "release" : "claim", items),
    resume: (items) => order("resume", items),
    askReason: setRejecting,
    askPerson: setAssigning,
    busy: bulk.isPending,
    dialog: (
      <>
        <Dialog
          title={`Reject ${allOf(rejecting)}`}
          open={rejecting.length > 0}
          close={() => setRejecting([])}
        >
          <Why
            busy={bulk.isPending}
            error={bulk.error}
            send={(reason) => order("reject", rejecting, { reason })}
          />
        </Dialog>
        <Dialog
          title={`Assign ${allOf(assigning)}`}
          open={assigning.length > 0}
          close={() => setAssigning([])}
        >
          <Assign
            owner={owners.size === 1 ? [...owners][0] : undefined}
            busy={bulk.isPending}
            error={bulk.error}
            send={(to) => order("assign", assigning, { to })}
          />
        </Dialog>
      </>
    ),
  };
}

function Why(props: { busy: boolean; error: Error | null; send: (reason: string) => void }) {
  const [reason, setReason] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.send(reason.trim());
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextArea
        label="Reason"
        help="The forwarder reads it. Ctrl and Enter sends."
        required
        autoFocus
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey))
            event.currentTarget.form?.requestSubmit();
        }}
      />
      <FormProblem error={props.error} />
      <div className="flex justify-end">
        <Button look="main" type="submit" busy={props.busy}>
          Reject
        </Button>
      </div>
    </form>
  );
}

function allOf(items: Items): string {
  return items.length === 1 ? nameOf(items, items[0]?.id) : `${items.length} invoices`;
}

function named(items: Items, results: readonly { id: string; done: boolean }[]): string {
  return nameOf(items, results.find((result) => result.done)?.id);
}

function nameOf(items: Items, id: string | undefined): string {
  const item = items.find((each) => each.id === id);
  return item?.number ?? item?.vendor ?? "The invoice";
}
