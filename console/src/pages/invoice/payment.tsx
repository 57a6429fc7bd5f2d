/** What is to be paid and to whom, who was asked and what they said, and the bank's own pages. */
import { Badge, Simulated } from "@/parts/badge";
import { Facts, Hash } from "@/parts/facts";
import { Money } from "@/parts/money";
import { Empty } from "@/parts/states";
import { day, Time } from "@/parts/time";
import type { Invoice, Question, Screenshot } from "./shape";

export function Payment({ invoice }: { invoice: Invoice }) {
  const { payment } = invoice;
  if (!payment && invoice.questions.length === 0 && invoice.voided.length === 0) {
    return (
      <Empty title="Nothing to pay yet">The terms are fixed when the rules have passed the invoice.</Empty>
    );
  }
  return (
    <div className="flex flex-col divide-y divide-line">
      {payment && (
        <section className="flex flex-col gap-3 p-4">
          <h3 className="heading flex items-center gap-2">Terms {payment.simulated && <Simulated />}</h3>
          <Facts
            facts={[
              ["Beneficiary", payment.beneficiary],
              ["Account", payment.account_masked],
              ["IFSC or BIC", payment.routing],
              ["Amount", <Money key="amount" sum={payment.amount} className="font-semibold" />],
              ["By", payment.rail],
              ["Pay on", day(payment.pay_on)],
              ["Our reference", payment.reference],
              ["Needs", payment.people_needed === 1 ? "1 person" : `${payment.people_needed} people`],
              ["Bank's reference", payment.bank_reference],
              ["Booked", payment.booked_at && <Time key="booked" at={payment.booked_at} precise />],
              ["Fingerprint", invoice.fingerprint && <Hash key="print" value={invoice.fingerprint} />],
            ]}
          />
        </section>
      )}
      {invoice.voided.map((taken) => (
        <section key={taken.reference} className="flex flex-col gap-3 p-4">
          <h3 className="heading flex items-center gap-2">
            Taken back <Badge>never sent to the bank</Badge>
          </h3>
          <Facts
            facts={[
              ["Amount", <Money key="amount" sum={taken.amount} />],
              ["Was to be paid on", day(taken.pay_on)],
              ["Reference, not used again", taken.reference],
              ["By", taken.by],
              ["At", <Time key="at" at={taken.at} precise />],
              ["Why", taken.reason],
            ]}
          />
        </section>
      ))}
      {invoice.questions.length > 0 && (
        <section className="flex flex-col gap-3 p-4">
          <h3 className="heading">Asked on WhatsApp</h3>
          <ul className="flex flex-col gap-3">
            {invoice.questions.map((question) => (
              <Asked key={`${question.person.name}${question.asked_at}`} question={question} />
            ))}
          </ul>
        </section>
      )}
      {invoice.screenshots.map((shot) => (
        <Shot key={shot.url} shot={shot} />
      ))}
    </div>
  );
}

function Asked({ question }: { question: Question }) {
  return (
    <li className="flex flex-col gap-0.5">
      <p className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{question.person.name}</span>
        <Verdict question={question} />
        {question.superseded && <Badge>older terms</Badge>}
      </p>
      <p className="text-sm text-quiet">
        Asked <Time at={question.asked_at} />
        {question.reminded_at && (
          <>
            {", reminded "}
            <Time at={question.reminded_at} />
          </>
        )}
        {question.answered_at ? (
          <>
            {", answered "}
            <Time at={question.answered_at} />
          </>
        ) : (
          <>
            {", until "}
            <Time at={question.expires_at} />
          </>
        )}
      </p>
    </li>
  );
}

function Verdict({ question }: { question: Question }) {
  if (question.verdict === "approve") return <Badge tone="good">approved</Badge>;
  if (question.verdict === "reject") return <Badge tone="bad">rejected</Badge>;
  return <Badge tone="busy">no answer yet</Badge>;
}

function Shot({ shot }: { shot: Screenshot }) {
  return (
    <figure className="m-0 flex flex-col gap-2 p-4">
      <figcaption className="heading">{shot.title}</figcaption>
      <a href={shot.url} target="_blank" rel="noreferrer">
        <img
          src={shot.url}
          alt={shot.title}
          loading="lazy"
          className="w-full rounded-md border border-line"
        />
      </a>
      <p className="text-sm text-quiet">
        SHA-256 <Hash value={shot.sha256} />
      </p>
    </figure>
  );
}
