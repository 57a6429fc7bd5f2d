/** What the forwarder was asked, and what they wrote back: words to read, never values that are taken. */
import { MessagesSquare } from "lucide-react";
import { Badge } from "@/parts/badge";
import { Time } from "@/parts/time";
import type { Invoice } from "./shape";

export function AskedForwarder({ invoice }: { invoice: Invoice }) {
  if (invoice.asked_forwarder.length === 0) return null;
  return (
    <section aria-label="Asked the forwarder" className="panel flex flex-col gap-3 px-4 py-3">
      <h2 className="heading flex items-center gap-2">
        <MessagesSquare aria-hidden size={15} /> Asked {invoice.forwarder}
      </h2>
      <ul className="flex flex-col gap-3">
        {invoice.asked_forwarder.map((each) => (
          <li key={each.asked_at} className="flex flex-col gap-1">
            <p className="break-words whitespace-pre-line">
              <span className="font-medium">{each.by}:</span> {each.question}
            </p>
            <p className="text-sm text-quiet">
              {each.sent_at ? "Sent " : "To be sent, asked "}
              <Time at={each.sent_at ?? each.asked_at} />
              {each.answers.length === 0 && (
                <>
                  {" "}
                  <Badge>no answer yet</Badge>
                </>
              )}
            </p>
            {each.answers.map((answer) => (
              <blockquote key={answer.at} className="m-0 border-l-2 border-accent pl-3">
                <p className="break-words whitespace-pre-line">
                  {answer.text || <i className="text-quiet">no words of their own</i>}
                </p>
                <p className="text-sm text-quiet">
                  Answered <Time at={answer.at} />
                  {answer.documents > 0 &&
                    `, with ${answer.documents === 1 ? "a document" : `${answer.documents} documents`}, each an invoice of its own`}
                </p>
              </blockquote>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
