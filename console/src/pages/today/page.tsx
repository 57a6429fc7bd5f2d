/** The day at a glance: who is waited for and since when, what needs review, what goes out, and whether all runs. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { Badge, Simulated } from "@/parts/badge";
import { LinkButton } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { api, data } from "@/parts/client";
import { count, Money } from "@/parts/money";
import { Page, Panel } from "@/parts/page";
import { Answer } from "@/parts/states";
import { Age, day } from "@/parts/time";
import type { Today as TodayAnswer } from "./shape";

export default function Today() {
  const query = useQuery({
    queryKey: ["today"],
    queryFn: () => data(api.GET("/api/v1/today")),
    refetchInterval: 60_000,
  });
  return (
    <Page title="Today" actions={<LinkButton to="/upload">Upload</LinkButton>}>
      <Answer query={query}>{(today) => <Day today={today} />}</Answer>
    </Page>
  );
}

function Day({ today }: { today: TodayAnswer }) {
  return (
    <>
      <Health today={today} />
      <Numbers today={today} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Waiting today={today} />
        <Review today={today} />
        <Outgoing today={today} />
        <Services today={today} />
      </div>
    </>
  );
}

/** What an owner must know before anything else: payments stopped, or the mailbox silent. */
function Health({ today }: { today: TodayAnswer }) {
  const silent = today.mailboxes.filter((each) => each.silent);
  return (
    <>
      {today.pauses.map((pause) => (
        <Callout key={pause.since} tone="bad">
          <strong>Payments are paused</strong> since <Age since={pause.since} />: {pause.reason}
        </Callout>
      ))}
      {silent.map((each) => (
        <Callout key={each.name} tone="bad">
          <strong>{each.name} is silent:</strong> nothing proved for <Age since={each.proved_at} /> that mail
          is heard of.
        </Callout>
      ))}
    </>
  );
}

function Numbers({ today }: { today: TodayAnswer }) {
  const tiles = [
    ["On their way", today.counts.moving, "/invoices"],
    ["Wait for approval", today.counts.asked, "/invoices?state=asked"],
    ["Held", today.counts.held, "/exceptions"],
    ["Paid today", today.counts.paid_today, "/invoices?state=paid"],
  ] as const;
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-4">
      {tiles.map(([words, value, to]) => (
        <li key={words}>
          <Link to={to} className="panel block px-4 py-3 hover:border-edge">
            <span className="block text-quiet">{words}</span>
            <span className="block text-2xl font-semibold tracking-tight">{count(value)}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Waiting({ today }: { today: TodayAnswer }) {
  return (
    <Panel title="Waiting for people" aside={count(today.waiting.length)}>
      {today.waiting.length === 0 ? (
        <Nothing>Nobody is asked at the moment.</Nothing>
      ) : (
        <ul className="divide-y divide-line">
          {today.waiting.map((each) => (
            <li key={`${each.invoice_id}${each.person}`} className="flex items-center gap-3 px-4 py-2.5">
              <span className="min-w-0 grow">
                <span className="block truncate font-medium">{each.person}</span>
                <Link
                  to={`/invoices/${each.invoice_id}`}
                  className="block truncate text-sm text-quiet hover:underline"
                >
                  {each.vendor ?? "Unknown vendor"} · {each.number ?? "no number"}
                </Link>
              </span>
              <span className="shrink-0 text-right">
                <Money sum={each.total} className="block" />
                <span className="text-sm text-quiet">
                  asked <Age since={each.since} suffix=" ago" />
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Review({ today }: { today: TodayAnswer }) {
  return (
    <Panel
      title="Needs review"
      aside={
        <Link className="link" to="/exceptions">
          All exceptions
        </Link>
      }
    >
      {today.review.length === 0 ? (
        <Nothing>Nothing is held.</Nothing>
      ) : (
        <ul className="divide-y divide-line">
          {today.review.map((each) => (
            <li key={each.invoice_id} className="flex items-start gap-3 px-4 py-2.5">
              <span className="min-w-0 grow">
                <Link
                  to={`/invoices/${each.invoice_id}`}
                  className="block truncate font-medium hover:underline"
                >
                  {each.vendor ?? each.number ?? "Unknown vendor"}
                </Link>
                <span className="line-clamp-2 text-sm text-quiet">{each.reason}</span>
              </span>
              <span className="shrink-0 text-right text-sm">
                <Age since={each.since} />
                <span className="block text-quiet">{each.owner ?? "nobody"}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Outgoing({ today }: { today: TodayAnswer }) {
  return (
    <Panel
      title={
        <span className="flex items-center gap-2">Money going out {today.simulated && <Simulated />}</span>
      }
    >
      {today.outgoing.length === 0 ? (
        <Nothing>Nothing is paid or due to be.</Nothing>
      ) : (
        <table className="w-full">
          <thead className="sr-only">
            <tr>
              <th>Day</th>
              <th>State</th>
              <th>Payments</th>
              <th>Sum</th>
            </tr>
          </thead>
          <tbody className="divide-y divide-line">
            {today.outgoing.map((each) => (
              <tr key={`${each.day}${each.sum.currency}${each.paid}`}>
                <td className="py-2 pl-4 whitespace-nowrap">{day(each.day)}</td>
                <td className="py-2 pl-3">
                  <Badge tone={each.paid ? "good" : "busy"}>{each.paid ? "paid" : "planned"}</Badge>
                </td>
                <td className="py-2 pl-3 text-right text-quiet">{count(each.payments)}</td>
                <td className="py-2 pr-4 pl-3 text-right font-medium">
                  <Money sum={each.sum} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Services({ today }: { today: TodayAnswer }) {
  return (
    <Panel title="Does everything run?">
      <ul className="divide-y divide-line">
        {today.mailboxes.map((each) => (
          <li key={each.name} className="flex items-center gap-3 px-4 py-2.5">
            <Dot well={!each.silent} />
            <span className="min-w-0 grow truncate">Mailbox {each.name}</span>
            <span className="shrink-0 text-sm text-quiet">
              last proven <Age since={each.proved_at} suffix=" ago" />
            </span>
          </li>
        ))}
        {today.services.map((each) => (
          <li key={each.name} className="flex items-center gap-3 px-4 py-2.5">
            <Dot well={each.well} />
            <span className="max-w-1/2 shrink-0 truncate">{each.name}</span>
            <span className="min-w-0 grow wrap-anywhere text-right text-sm text-quiet">{each.words}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Dot({ well }: { well: boolean }) {
  return (
    <span
      role="img"
      aria-label={well ? "Runs" : "Does not run"}
      className={`size-2 shrink-0 rounded-full ${well ? "bg-good" : "bg-bad"}`}
    />
  );
}

function Nothing({ children }: { children: string }) {
  return <p className="px-4 py-8 text-center text-quiet">{children}</p>;
}
