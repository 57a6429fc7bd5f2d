/** Bank details that wait: old and new side by side, and the steps that are left, each with who may take it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Check, Circle, Phone } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { api, data } from "@/parts/client";
import { FormProblem, TextArea, TextField } from "@/parts/form";
import { useMay } from "@/parts/me";
import { withStepUp } from "@/parts/step-up";
import { span, Time, useNow } from "@/parts/time";
import { toast } from "@/parts/toasts";
import { Details } from "./bank";
import { type BankChange, renew, type Vendor } from "./shape";

type Props = { change: BankChange; vendor: Vendor };

export function OpenChange({ change, vendor }: Props) {
  const first = change.kind === "first";
  return (
    <div className="flex flex-col gap-4 border-t border-line p-4">
      <Callout tone="warn">
        {first
          ? "A new vendor: another person than its maker confirms where its money goes. Nothing is paid before."
          : "New bank details wait. Nothing is paid to this vendor until they are confirmed or rejected."}
      </Callout>
      <section
        aria-label={first ? "Bank details to confirm" : "New bank details"}
        className="flex flex-col gap-2"
      >
        <h3 className="heading">{first ? "To be confirmed" : "To become"}</h3>
        <Details of={change} />
        <p className="break-words">
          <span className="text-quiet">Reason: </span>
          {change.reason}
        </p>
      </section>
      <Steps change={change} vendor={vendor} />
      <End change={change} vendor={vendor} />
    </div>
  );
}

function Steps({ change, vendor }: Props) {
  const now = useNow();
  const left = (Date.parse(change.confirm_from) - now) / 1000;
  const call = change.call_back;
  const may = useMay("bank_details.confirm") && !change.own;
  return (
    <ol className="flex flex-col gap-3">
      <Step done title={change.kind === "first" ? "Entered" : "Proposed"}>
        by {change.own ? "you" : change.proposed_by}, <Time at={change.proposed_at} />
      </Step>
      {change.kind === "change" && (
        <>
          <Step done={call !== null} title="Called back">
            {call ? (
              <>
                {call.by} called {call.person} on {call.number}, <Time at={call.at} />
                {call.note && <span className="block text-ink">{call.note}</span>}
              </>
            ) : (
              <>
                on the number in the master, {vendor.phone ?? "which has none yet"}; never on one from the
                letter.
                {may && <CallForm change={change} vendor={vendor} />}
              </>
            )}
          </Step>
          <Step done={left <= 0} title="Cooled off">
            {left > 0 ? `${span(left)} left, until ` : "since "}
            <Time at={change.confirm_from} />
          </Step>
        </>
      )}
      <Step done={false} title="Confirmed by another person">
        {change.own
          ? "You proposed it, so you may neither call nor confirm."
          : "with a fresh proof of who they are"}
      </Step>
    </ol>
  );
}

function Step({ done, title, children }: { done: boolean; title: string; children: ReactNode }) {
  const Icon = done ? Check : Circle;
  return (
    <li className="grid grid-cols-[1.25rem_minmax(0,1fr)] gap-x-2">
      <Icon
        role="img"
        aria-label={done ? "Done" : "Not yet"}
        size={16}
        className={`mt-0.5 ${done ? "text-good" : "text-quiet"}`}
      />
      <div className="min-w-0">
        <p className="font-medium">{title}</p>
        <div className="text-quiet">{children}</div>
      </div>
    </li>
  );
}

function CallForm({ change, vendor }: Props) {
  const queries = useQueryClient();
  const [person, setPerson] = useState("");
  const [note, setNote] = useState("");
  const record = useMutation({
    mutationFn: () =>
      data(
        api.POST("/api/v1/bank-changes/{change_id}/call-back", {
          params: { path: { change_id: change.id } },
          body: { version: change.version, person, note },
        }),
      ),
    onSuccess: async () => {
      toast("The call is on record.");
      await renew(queries, vendor.id);
    },
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    record.mutate();
  };
  if (!vendor.phone) return null;
  return (
    <form onSubmit={submit} className="mt-2 flex flex-col gap-3 rounded-md border border-line p-3 text-ink">
      <TextField
        label="Who was called"
        required
        maxLength={200}
        value={person}
        onChange={(event) => setPerson(event.target.value)}
      />
      <TextArea
        label="What they said"
        rows={2}
        maxLength={1000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <FormProblem error={record.error} />
      <Button type="submit" className="self-start" busy={record.isPending}>
        <Phone aria-hidden size={15} /> Record the call to {vendor.phone}
      </Button>
    </form>
  );
}

/** Confirm or reject; who proposed it may only withdraw. */
function End({ change, vendor }: Props) {
  const queries = useQueryClient();
  const may = useMay("bank_details.confirm");
  const [note, setNote] = useState("");
  const ask = () => ({
    params: { path: { change_id: change.id } },
    body: { version: change.version, note },
  });
  const onSuccess = async (after: BankChange) => {
    toast(after.status === "confirmed" ? "Confirmed. It may be paid again." : "Rejected. Nothing changed.");
    await renew(queries, vendor.id);
  };
  const confirm = useMutation({
    mutationFn: () => withStepUp(() => data(api.POST("/api/v1/bank-changes/{change_id}/confirm", ask()))),
    onSuccess,
    meta: { quiet: true },
  });
  const reject = useMutation({
    mutationFn: () => data(api.POST("/api/v1/bank-changes/{change_id}/reject", ask())),
    onSuccess,
    meta: { quiet: true },
  });
  if (!may) return <p className="text-quiet">An administrator or an approver goes on from here.</p>;
  return (
    <div className="flex flex-col gap-3">
      <TextField
        label="Note for the history"
        maxLength={1000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <FormProblem error={confirm.error ?? reject.error} />
      <div className="flex flex-wrap gap-2">
        {!change.own && (
          <Button look="main" busy={confirm.isPending} onPress={() => confirm.mutate()}>
            Confirm
          </Button>
        )}
        <Button look="danger" busy={reject.isPending} onPress={() => reject.mutate()}>
          {change.own ? "Withdraw" : "Reject"}
        </Button>
      </div>
    </div>
  );
}
