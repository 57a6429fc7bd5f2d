/** What a draft would have done to past invoices; nothing is changed by asking. */
import type { UseMutationResult } from "@tanstack/react-query";
import { ArrowRight } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Link } from "react-router";
import { State } from "@/parts/badge";
import { Button } from "@/parts/button";
import type { Api } from "@/parts/client";
import { Choice, FormProblem } from "@/parts/form";
import { count, Money } from "@/parts/money";
import { Panel } from "@/parts/page";
import { Time } from "@/parts/time";

type Result = Api<"WhatIfAnswer">;
type Judgement = Api<"JudgementAnswer">;

export function WhatIf({ trying }: { trying: UseMutationResult<Result, Error, number> }) {
  const [days, setDays] = useState("90");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    trying.mutate(Number(days));
  };
  return (
    <Panel title="What if it had been in force">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-2 p-4">
        <div className="w-44">
          <Choice
            label="Judge again the last"
            value={days}
            onChange={(event) => setDays(event.target.value)}
            options={[
              ["30", "30 days"],
              ["90", "90 days"],
              ["366", "year"],
            ]}
          />
        </div>
        <Button type="submit" busy={trying.isPending}>
          Try it
        </Button>
      </form>
      <div aria-live="polite">
        {trying.error && (
          <div className="px-4 pb-4">
            <FormProblem error={trying.error} />
          </div>
        )}
        {trying.data && <Outcome result={trying.data} />}
      </div>
    </Panel>
  );
}

function Outcome({ result }: { result: Result }) {
  return (
    <>
      <dl className="grid grid-cols-2 gap-px border-y border-line bg-line sm:grid-cols-4">
        {(
          [
            ["Judged again", result.judged],
            ["Judged differently", result.differences.length],
            ["More held or refused", result.held_more],
            ["Fewer held or refused", result.held_less],
          ] as const
        ).map(([name, value]) => (
          <div key={name} className="bg-panel px-4 py-3">
            <dt className="text-sm text-quiet">{name}</dt>
            <dd className="text-xl font-semibold">{count(value)}</dd>
          </div>
        ))}
      </dl>
      <p className="px-4 py-3 text-sm text-quiet">
        {result.definition}
        {result.oldest && (
          <>
            {" "}
            The oldest is of <Time at={result.oldest} />.
          </>
        )}
      </p>
      <ul className="divide-y divide-line border-t border-line">
        {result.differences.map((each) => (
          <li
            key={each.invoice_id}
            className="grid gap-x-4 gap-y-1 px-4 py-2.5 md:grid-cols-[minmax(0,1fr)_auto_minmax(0,1.4fr)] md:items-center"
          >
            <span className="min-w-0">
              <Link className="link block truncate font-medium" to={`/invoices/${each.invoice_id}`}>
                {each.vendor ?? "Unknown vendor"}
              </Link>
              <span className="text-sm text-quiet">{each.number}</span>
            </span>
            <Money sum={each.total} />
            <span className="flex flex-wrap items-center gap-2">
              <Judged judgement={each.before} />
              <ArrowRight role="img" aria-label="would be" size={14} className="shrink-0 text-quiet" />
              <Judged judgement={each.after} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Judged({ judgement }: { judgement: Judgement }) {
  const people = judgement.people_needed;
  return (
    <span className="flex flex-wrap items-center gap-x-1.5">
      <State state={judgement.outcome} />
      {people !== null && <span className="text-sm">{people === 1 ? "one person" : `${people} people`}</span>}
      {judgement.rules.length > 0 && (
        <span className="text-sm text-quiet">{judgement.rules.join(", ").replaceAll("_", " ")}</span>
      )}
    </span>
  );
}
