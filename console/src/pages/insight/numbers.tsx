/** All numbers of a time. */
import { Badge } from "@/parts/badge";
import { count, Money, money, percent } from "@/parts/money";
import { span } from "@/parts/time";
import { Bars } from "./bars";
import { Measured, Rows, Tile } from "./parts";
import { behind, type Insight, keyWords, type Measure, reasonWords, URGENCY } from "./shape";

type Props = { insight: Insight; days: string };

export function Numbers({ insight, days }: Props) {
  return (
    <>
      <Tiles insight={insight} days={days} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Stops insight={insight} days={days} />
          <Waiting insight={insight} days={days} measure="due" />
          <Waiting insight={insight} days={days} measure="msme" />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Times insight={insight} days={days} />
          <Vendors insight={insight} days={days} />
          <Approvers insight={insight} days={days} />
        </div>
      </div>
    </>
  );
}

function Tiles({ insight, days }: Props) {
  const { touchless, touched, share } = insight.touchless;
  const { spend } = insight;
  const dollars = (amount: string) => money({ amount, currency: "USD" });
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Tile
        insight={insight}
        days={days}
        measure="touchless"
        of="touchless"
        name="Paid without a touch"
        value={share === null ? "–" : percent(share)}
        says={
          share === null
            ? "Nothing was paid in this time."
            : `${count(touchless)} of ${count(touchless + touched)} payments`
        }
      />
      <Tile
        insight={insight}
        days={days}
        measure="spend"
        of=""
        name="Model spend"
        value={dollars(spend.usd)}
        says={
          spend.per_invoice_usd === null
            ? "No question to the model came with a price."
            : `${cents(spend.per_invoice_usd)} for each of ${count(spend.invoices - spend.unpriced)} invoices${
                spend.unpriced ? `; ${count(spend.unpriced)} without a price` : ""
              }`
        }
      />
    </div>
  );
}

/** A sum of a model is often less than a cent, which money's own two digits would hide. */
function cents(usd: string): string {
  return new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: "USD",
    maximumSignificantDigits: 3,
  }).format(usd as unknown as number);
}

function Stops({ insight, days }: Props) {
  const rows = insight.stops.map((stop) => ({
    key: stop.key,
    head: reasonWords(stop.key),
    to: behind(days, "stops", stop.key),
    cells: [count(stop.invoices)],
  }));
  return (
    <Measured insight={insight} measure="stops">
      <Bars
        bars={insight.stops.slice(0, 8).map((stop) => ({
          name: reasonWords(stop.key),
          value: stop.invoices,
          more: 0,
          words: count(stop.invoices),
        }))}
      />
      <Rows
        caption="Reasons for which invoices stopped"
        cells={[{ header: "Reason" }, { header: "Invoices", end: true }]}
        rows={rows}
        none="Nothing was held or rejected in this time."
      />
    </Measured>
  );
}

function Times({ insight, days }: Props) {
  const rows = insight.times.map((stay) => ({
    key: stay.key,
    head: keyWords(stay.key),
    to: behind(days, "times", stay.key),
    cells: [count(stay.stays), span(stay.p50_s), span(stay.p95_s)],
  }));
  return (
    <Measured insight={insight} measure="times">
      <Bars
        bars={insight.times.map((stay) => ({
          name: keyWords(stay.key),
          value: stay.p50_s,
          more: stay.p95_s - stay.p50_s,
          words: `${span(stay.p50_s)} / ${span(stay.p95_s)}`,
        }))}
      />
      <Rows
        caption="How long invoices stood in each state"
        cells={[
          { header: "State" },
          { header: "Stays", end: true },
          { header: "Median", end: true },
          { header: "One in twenty, longer than", end: true },
        ]}
        rows={rows}
        none="No invoice moved in this time."
      />
    </Measured>
  );
}

function Waiting({ insight, days, measure }: Props & { measure: Extract<Measure, "due" | "msme"> }) {
  const rows = insight[measure]
    .toSorted((a, b) => URGENCY.indexOf(a.key) - URGENCY.indexOf(b.key))
    .map((row) => ({
      key: `${row.key} ${row.total?.currency ?? ""}`,
      head: keyWords(row.key),
      to: behind(days, measure, row.key),
      cells: [count(row.invoices), <Money key="total" sum={row.total} />],
    }));
  return (
    <Measured insight={insight} measure={measure}>
      <Rows
        caption={measure === "due" ? "Unpaid invoices by due date" : "Unpaid invoices by age"}
        cells={[
          { header: measure === "due" ? "Due" : "Age" },
          { header: "Invoices", end: true },
          { header: "Sum", end: true },
        ]}
        rows={rows}
        none="Nothing is unpaid."
      />
    </Measured>
  );
}

function Vendors({ insight, days }: Props) {
  const rows = insight.vendors.map((vendor) => ({
    key: vendor.key,
    head: vendor.name,
    to: behind(days, "vendors", vendor.key),
    cells: [count(vendor.invoices), count(vendor.stopped)],
  }));
  return (
    <Measured insight={insight} measure="vendors">
      <Rows
        caption="Vendors whose invoices stopped"
        cells={[{ header: "Vendor" }, { header: "Came", end: true }, { header: "Stopped", end: true }]}
        rows={rows}
        none="No vendor's invoice was held or rejected in this time."
      />
    </Measured>
  );
}

function Approvers({ insight, days }: Props) {
  const rows = insight.approvers.map((approver) => ({
    key: approver.key,
    head: approver.name,
    to: behind(days, "approvers", approver.key),
    cells: [
      `${count(approver.answered)} of ${count(approver.asked)}`,
      approver.median_s === null ? "–" : span(approver.median_s),
      approver.yes_share === null ? "–" : percent(approver.yes_share),
      <span key="habit" className="flex flex-wrap gap-1">
        {approver.always_yes && <Badge tone="warn">always yes</Badge>}
        {approver.hasty && <Badge tone="warn">hasty</Badge>}
      </span>,
    ],
  }));
  return (
    <Measured insight={insight} measure="approvers">
      <Rows
        caption="How approvers answer"
        cells={[
          { header: "Approver" },
          { header: "Answered", end: true },
          { header: "Median", end: true },
          { header: "Yes", end: true },
          { header: "Habit" },
        ]}
        rows={rows}
        none="Nobody was asked in this time."
      />
    </Measured>
  );
}
