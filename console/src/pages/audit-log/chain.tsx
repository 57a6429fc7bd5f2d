/** The chain over the record: how far it is sealed, by which key, the checkpoints, and a look whether all of it is true. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Facts, Hash } from "@/parts/facts";
import { FormProblem } from "@/parts/form";
import { rowsOf, usePages } from "@/parts/list";
import { count } from "@/parts/money";
import { Panel } from "@/parts/page";
import { Scrolling } from "@/parts/scrolling";
import { Answer, Failing, Loading } from "@/parts/states";
import { Age, Time } from "@/parts/time";

type Status = Api<"ChainStatus">;

export function Chain() {
  const queries = useQueryClient();
  const [checkpoints, setCheckpoints] = useState(false);
  const query = useQuery({
    queryKey: ["audit-log", "chain"],
    queryFn: () => data(api.GET("/api/v1/audit-log/chain")),
  });
  const verify = useMutation({
    mutationFn: () => data(api.POST("/api/v1/audit-log/verify")),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["audit-log", "chain"] }),
    meta: { quiet: true },
  });
  return (
    <Panel
      title="The chain over it"
      aside={
        <span className="flex gap-2">
          <Button onPress={() => setCheckpoints(true)}>Checkpoints</Button>
          <Button look="main" busy={verify.isPending} onPress={() => verify.mutate()}>
            Verify all of it
          </Button>
        </span>
      }
    >
      <Answer query={query}>{(status) => <Numbers status={status} />}</Answer>
      <div aria-live="polite" className="px-4 pb-4 empty:hidden">
        {verify.error && <FormProblem error={verify.error} />}
        {verify.data && <Verdict found={verify.data} />}
      </div>
      <Dialog wide title="Checkpoints" open={checkpoints} close={() => setCheckpoints(false)}>
        <Checkpoints />
      </Dialog>
    </Panel>
  );
}

function Numbers({ status }: { status: Status }) {
  const guarded = status.guards.every((guard) => guard.insert_only && guard.triggers > 0);
  return (
    <>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-3 p-4 sm:grid-cols-4">
        <Count name="Entries" value={count(status.entries)} />
        <Count name="Sealed" value={count(status.sealed)} />
        <Count name="Too new to be sealed" value={count(status.unsealed)} />
        <Count name="Signed checkpoints" value={count(status.checkpoints)} />
      </dl>
      <details className="border-t border-line">
        <summary className="flex flex-wrap items-center gap-x-2 px-4 py-2.5 text-quiet">
          {guarded ? (
            <ShieldCheck aria-hidden size={15} className="text-good" />
          ) : (
            <ShieldAlert aria-hidden size={15} className="text-warn" />
          )}
          {guarded
            ? "The application itself may only add to these tables"
            : "The application may do more than add to these tables"}
          {status.last && (
            <span>
              · last checkpoint <Age since={status.last.at} suffix=" ago" />
            </span>
          )}
        </summary>
        <div className="flex flex-col gap-3 px-4 pb-4">
          <Facts
            facts={[
              ["Origin", status.origin],
              ["Key to pin", <Hash key="key" value={status.key} />],
              ["Last root", status.last ? <Hash key="root" value={status.last.root_hash} /> : null],
            ]}
          />
          <ul className="flex flex-col gap-1">
            {status.guards.map((guard) => (
              <li key={guard.table} className="flex flex-wrap items-center gap-2">
                <code className="font-mono text-xs">{guard.table}</code>
                <Badge tone={guard.insert_only ? "good" : "warn"}>
                  {guard.insert_only ? "insert only" : "more than insert"}
                </Badge>
                <span className="text-sm text-quiet">{guard.triggers} triggers refuse changes</span>
              </li>
            ))}
          </ul>
        </div>
      </details>
    </>
  );
}

function Count({ name, value }: { name: string; value: string }) {
  return (
    <div className="flex flex-col-reverse">
      <dt className="text-sm text-quiet">{name}</dt>
      <dd className="text-xl font-semibold">{value}</dd>
    </div>
  );
}

function Verdict({ found }: { found: Api<"Verification"> }) {
  return (
    <Callout tone={found.ok ? "good" : "bad"}>
      <p className="font-medium">
        {found.ok
          ? "Every entry is as it was written, and every checkpoint holds."
          : "The record is not what was written."}
      </p>
      <ul className="list-inside list-disc">
        {[...found.findings, ...found.remarks].map((line) => (
          <li key={line} className="break-words">
            {line}
          </li>
        ))}
      </ul>
      <p className="text-sm">
        <Time at={found.at} precise />, in {found.seconds} s
      </p>
    </Callout>
  );
}

function Checkpoints() {
  const query = usePages(["audit-log", "checkpoints"], (after) =>
    data(api.GET("/api/v1/audit-log/checkpoints", { params: { query: { after } } })),
  );
  const all = rowsOf(query);
  if (query.isPending) return <Loading lines={4} />;
  if (query.error) return <Failing error={query.error} again={() => void query.refetch()} />;
  if (all.length === 0)
    return <p className="text-quiet">Nothing was sealed yet. Verifying seals what is new.</p>;
  return (
    <>
      <ol className="flex flex-col gap-3">
        {all.map((each) => (
          <li key={each.size} className="flex flex-col gap-1">
            <p className="flex flex-wrap justify-between gap-x-3">
              <span className="font-medium">{count(each.size)} entries</span>
              <span className="text-sm text-quiet">
                <Time at={each.at} precise />
              </span>
            </p>
            <Scrolling label={`Signed text over ${each.size} entries`}>
              <pre className="px-3">{each.note}</pre>
            </Scrolling>
          </li>
        ))}
      </ol>
      {query.hasNextPage && (
        <Button look="bare" busy={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>
          Show older
        </Button>
      )}
    </>
  );
}
