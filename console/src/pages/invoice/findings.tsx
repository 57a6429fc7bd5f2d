/** What the rules say, with what they say it from; the other invoice or the order stands beside. */
import { Link } from "react-router";
import { Badge, State } from "@/parts/badge";
import { Facts } from "@/parts/facts";
import { Money } from "@/parts/money";
import { Empty } from "@/parts/states";
import { Time } from "@/parts/time";
import { SEVERITIES } from "./labels";
import type { Invoice } from "./shape";

export function Findings({ invoice }: { invoice: Invoice }) {
  if (invoice.findings.length === 0) {
    return (
      <Empty title="Nothing to say">
        {invoice.state === "received" || invoice.state === "extracted" || invoice.state === "assessed"
          ? "The rules have not looked at it yet."
          : "No rule found anything."}
      </Empty>
    );
  }
  return (
    <ul className="flex flex-col divide-y divide-line">
      {invoice.findings.map((finding) => {
        const [words, tone] = SEVERITIES[finding.severity] ?? [finding.severity, "calm" as const];
        const evidence = Object.entries(finding.evidence);
        return (
          <li key={finding.rule} className="flex flex-col gap-2 px-4 py-3">
            <div className="flex flex-wrap items-baseline gap-x-2 gap-y-1">
              <Badge tone={tone}>{words}</Badge>
              <code className="font-mono text-xs text-quiet">{finding.rule}</code>
            </div>
            <p className="break-words">{finding.sentence}</p>
            {evidence.length > 0 && (
              <details className="text-sm">
                <summary className="w-fit text-quiet">Evidence</summary>
                <div className="pt-2">
                  <Facts facts={evidence.map(([name, value]) => [name.replaceAll("_", " "), value])} />
                </div>
              </details>
            )}
            {finding.rule.startsWith("duplicate") &&
              invoice.twins.map((twin) => <Twin key={twin.id} twin={twin} />)}
            {finding.rule.endsWith("_po") && invoice.purchase_order && (
              <Order order={invoice.purchase_order} />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function Twin({ twin }: { twin: Invoice["twins"][number] }) {
  return (
    <div className="rounded-md border border-line p-3 text-sm">
      <p className="mb-1.5 flex items-center justify-between gap-2">
        <Link className="link font-medium" to={`/invoices/${twin.id}`}>
          The other one: {twin.number}
        </Link>
        <State state={twin.state} />
      </p>
      <Facts
        facts={[
          ["Vendor", twin.vendor],
          ["Total", <Money key="total" sum={twin.total} />],
          ["Came in", <Time key="at" at={twin.received_at} />],
        ]}
      />
    </div>
  );
}

function Order({ order }: { order: NonNullable<Invoice["purchase_order"]> }) {
  return (
    <div className="rounded-md border border-line p-3 text-sm">
      <p className="mb-1.5 font-medium">Purchase order {order.number}</p>
      <Facts
        facts={[
          ["Ordered", <Money key="amount" sum={order.amount} />],
          ["Left", <Money key="left" sum={order.left} />],
          ["State", order.state],
        ]}
      />
    </div>
  );
}
