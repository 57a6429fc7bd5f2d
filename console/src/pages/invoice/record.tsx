/** Every entry of the record about one invoice, the newest first; each proved against the sealed log when asked. */
import { useMutation } from "@tanstack/react-query";
import { Download, ShieldCheck } from "lucide-react";
import { Badge, State } from "@/parts/badge";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { Hash } from "@/parts/facts";
import { useMay } from "@/parts/me";
import { Time } from "@/parts/time";
import type { Entry, Invoice } from "./shape";

type Verification = Api<"InvoiceVerification">;

export function Record({ invoice }: { invoice: Invoice }) {
  const mayExport = useMay("audit.read");
  const verify = useMutation({
    mutationFn: () =>
      data(
        api.GET("/api/v1/invoices/{invoice_id}/verification", {
          params: { path: { invoice_id: invoice.id } },
        }),
      ),
  });
  return (
    <>
      <div className="flex flex-col gap-3 border-b border-line p-4">
        <div className="flex flex-wrap items-center gap-2">
          <Button busy={verify.isPending} onPress={() => verify.mutate()}>
            <ShieldCheck aria-hidden size={15} /> Verify
          </Button>
          {mayExport && (
            <a
              href={`/api/v1/invoices/${invoice.id}/bundle`}
              download
              className="inline-flex min-h-9 items-center gap-1.5 rounded-md px-3 font-medium text-quiet hover:bg-sunk hover:text-ink"
            >
              <Download aria-hidden size={15} /> Bundle, to verify offline
            </a>
          )}
        </div>
        <div role="status">{verify.data && <Verdict found={verify.data} />}</div>
      </div>
      <ol className="divide-y divide-line">
        {[...invoice.entries].reverse().map((entry) => (
          <Line
            key={entry.seq}
            entry={entry}
            proof={verify.data?.entries.find((each) => each.version === entry.version)}
          />
        ))}
      </ol>
    </>
  );
}

function Verdict({ found }: { found: Verification }) {
  return (
    <Callout tone={found.ok ? "good" : "bad"}>
      <p className="font-medium">
        {found.ok ? "Every sealed entry is what was sealed." : "This record was changed after it was sealed."}
        {found.unsealed > 0 && ` ${found.unsealed} too new to be sealed.`}
      </p>
      {found.problems.map((problem) => (
        <p key={problem}>{problem}</p>
      ))}
      {found.checkpoint && (
        <p className="text-sm break-words">
          Against the checkpoint of <Time at={found.checkpoint.at} />, {found.checkpoint.size} entries, root{" "}
          <code className="font-mono text-xs break-all">{found.checkpoint.root_hash}</code>
        </p>
      )}
    </Callout>
  );
}

function Line({ entry, proof }: { entry: Entry; proof: Verification["entries"][number] | undefined }) {
  return (
    <li className="flex flex-col gap-1 px-4 py-2.5">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <State state={entry.target} />
        <span className="text-quiet">
          by {entry.step}, {entry.actor}
        </span>
        {proof && <Proved proof={proof} />}
        <span className="ml-auto text-sm text-quiet">
          <Time at={entry.at} precise />
        </span>
      </p>
      {entry.note && <p className="break-words">{entry.note}</p>}
      <details className="text-sm">
        <summary className="w-fit text-quiet">
          Entry {entry.seq}
          {entry.position === null ? ", not sealed yet" : `, place ${entry.position} in the sealed log`}
        </summary>
        <p className="pt-1">
          Leaf hash <Hash value={entry.leaf_hash} />
        </p>
        {proof?.proof.map((hash) => (
          <p key={hash}>
            Beside it <Hash value={hash} />
          </p>
        ))}
      </details>
    </li>
  );
}

function Proved({ proof }: { proof: Verification["entries"][number] }) {
  if (proof.problem) return <Badge tone="bad">{proof.problem}</Badge>;
  return proof.position === null ? <Badge>not sealed yet</Badge> : <Badge tone="good">proved</Badge>;
}
