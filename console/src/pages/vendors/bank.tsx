/** Where a vendor's money goes, and the change of it: proposed by one person, called about and confirmed by another. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Badge, type Tone } from "@/parts/badge";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Facts } from "@/parts/facts";
import { useMay } from "@/parts/me";
import { Panel } from "@/parts/page";
import { Failing, Loading } from "@/parts/states";
import { Time } from "@/parts/time";
import { OpenChange } from "./bank-change";
import { Propose } from "./propose";
import type { BankChange, Vendor } from "./shape";

const ENDED: Readonly<Record<string, readonly [words: string, tone: Tone]>> = {
  confirmed: ["Confirmed", "good"],
  rejected: ["Rejected", "bad"],
};

export function BankPanel({ vendor }: { vendor: Vendor }) {
  const may = useMay("bank_details.propose");
  const [proposing, setProposing] = useState(false);
  const close = () => setProposing(false);
  const changes = useQuery({
    queryKey: ["vendor", vendor.id, "bank-changes"],
    queryFn: () =>
      data(
        api.GET("/api/v1/vendors/{vendor_id}/bank-changes", {
          params: { path: { vendor_id: vendor.id } },
        }),
      ),
  });
  const all = changes.data?.items ?? [];
  const open = all.find((each) => each.status === "open");
  return (
    <Panel
      title="Where its money goes"
      aside={
        may && !open && changes.data && <Button onPress={() => setProposing(true)}>Propose a change</Button>
      }
    >
      {open?.kind !== "first" && (
        <div className="p-4">
          <Details of={vendor} />
        </div>
      )}
      {changes.isPending && <Loading lines={3} />}
      {changes.error && <Failing error={changes.error} again={() => void changes.refetch()} />}
      {open && <OpenChange change={open} vendor={vendor} />}
      <Past changes={all.filter((each) => each.status !== "open")} />
      <Dialog title={`New bank details of ${vendor.name}`} open={proposing} close={close}>
        <Propose vendor={vendor} close={close} />
      </Dialog>
    </Panel>
  );
}

type Shown = Pick<Vendor, "beneficiary" | "account_masked" | "routing" | "currency" | "country">;

/** An account as everybody may see it. */
export function Details({ of }: { of: Shown }) {
  return (
    <Facts
      facts={[
        ["Beneficiary", of.beneficiary],
        [
          "Account",
          <span key="account" className="font-mono">
            {of.account_masked}
          </span>,
        ],
        [
          of.country === "IN" ? "IFSC" : "BIC",
          <span key="routing" className="font-mono">
            {of.routing}
          </span>,
        ],
        ["Currency", `${of.currency}, ${of.country}`],
      ]}
    />
  );
}

/** Changes that came to an end, with their call-backs; folded, as they are rarely wanted. */
function Past({ changes }: { changes: readonly BankChange[] }) {
  if (changes.length === 0) return null;
  return (
    <details className="border-t border-line">
      <summary className="px-4 py-2.5 text-quiet">Earlier changes ({changes.length})</summary>
      <ul className="divide-y divide-line border-t border-line">
        {changes.map((change) => {
          const [words, tone] = ENDED[change.status] ?? [change.status, "calm" as const];
          return (
            <li key={change.id} className="flex flex-col gap-1 px-4 py-2.5">
              <p className="flex flex-wrap items-center gap-x-2">
                <Badge tone={tone}>{words}</Badge>
                <span className="font-mono text-sm">{change.account_masked}</span>
                <span className="text-sm text-quiet">{change.routing}</span>
              </p>
              <p>{change.reason}</p>
              <p className="text-sm text-quiet">
                Proposed by {change.proposed_by}, <Time at={change.proposed_at} />
              </p>
              {change.call_back && (
                <p className="text-sm text-quiet">
                  {change.call_back.by} called {change.call_back.person} on {change.call_back.number},{" "}
                  <Time at={change.call_back.at} />
                  {change.call_back.note && `: ${change.call_back.note}`}
                </p>
              )}
              {change.closed_by && change.closed_at && (
                <p className="text-sm text-quiet">
                  {words} by {change.closed_by}, <Time at={change.closed_at} />
                  {change.closing_note && `: ${change.closing_note}`}
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </details>
  );
}
