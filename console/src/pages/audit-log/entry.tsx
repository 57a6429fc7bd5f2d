/** One entry in full: what was written, the hash over it, and what this invoice's record proves. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { Simulated, STATES, State } from "@/parts/badge";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { Facts, Hash } from "@/parts/facts";
import { Scrolling } from "@/parts/scrolling";
import { Answer } from "@/parts/states";
import { Time } from "@/parts/time";

type Entry = Api<"AuditEntry">;

export function EntryFacts({ entry }: { entry: Entry }) {
  return (
    <div className="flex flex-col gap-4">
      <Facts
        facts={[
          ["When", <Time key="at" at={entry.at} precise />],
          [
            "Invoice",
            <span key="invoice" className="flex flex-wrap gap-x-3">
              <Link className="link" to={`/invoices/${entry.invoice_id}`}>
                {entry.invoice_number ?? "No number yet"}
              </Link>
              <Link className="link" to={`/audit-log?invoice_id=${entry.invoice_id}`}>
                all its entries
              </Link>
            </span>,
          ],
          ["Vendor", entry.vendor],
          ["Step", `${entry.step}, version ${entry.version}`],
          ["From", entry.source ? (STATES[entry.source]?.[0] ?? entry.source) : "nothing: it is the first"],
          [
            "To",
            <span key="to" className="flex items-center gap-2">
              <State state={entry.target} /> {entry.facts.simulated === true && <Simulated />}
            </span>,
          ],
          [
            "Who",
            <Link key="who" className="link" to={`/audit-log?person=${encodeURIComponent(entry.actor)}`}>
              {entry.actor}
            </Link>,
          ],
          ["Note", entry.note || null],
          ["Place in the sealed log", entry.position ?? "not sealed yet"],
          ["Hash", <Hash key="hash" value={entry.leaf_hash} />],
        ]}
      />
      {Object.keys(entry.facts).length > 0 && (
        <Scrolling label="Facts as they were written">
          <pre className="px-3">{JSON.stringify(entry.facts, null, 2)}</pre>
        </Scrolling>
      )}
      <Proof invoice={entry.invoice_id} />
    </div>
  );
}

/** Whether this invoice's entries are those that were sealed, and its record to take along. */
function Proof({ invoice }: { invoice: string }) {
  const path = { invoice_id: invoice };
  const query = useQuery({
    queryKey: ["verification", invoice],
    queryFn: () => data(api.GET("/api/v1/invoices/{invoice_id}/verification", { params: { path } })),
    staleTime: 0,
  });
  return (
    <section aria-label="Proof" className="flex flex-col gap-2 border-t border-line pt-4">
      <h3 className="heading">This invoice's record</h3>
      <Answer query={query}>
        {(proof) => (
          <>
            <Callout tone={proof.ok ? "good" : "bad"}>
              {proof.ok
                ? `Verified: each of its ${proof.entries.length} entries is as it was written.`
                : "Not what was sealed:"}
              {proof.problems.map((problem) => (
                <p key={problem}>{problem}</p>
              ))}
              {proof.unsealed > 0 && (
                <p>{proof.unsealed} of them are too new to be sealed, which is no fault.</p>
              )}
            </Callout>
            <a className="link self-start" href={`/api/v1/invoices/${invoice}/bundle`} download>
              Download it as a bundle that is verified offline
            </a>
          </>
        )}
      </Answer>
    </section>
  );
}
