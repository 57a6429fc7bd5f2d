/** The invoices that share pages with this one: what it was divided into or from, merged with or into. */
import { Fragment } from "react";
import { Link } from "react-router";
import type { Invoice } from "./shape";

type Relation = Invoice["relatives"][number]["relation"];

const WORDS: readonly (readonly [Relation, string])[] = [
  ["part_of", "Part of"],
  ["part", "Split into"],
  ["merged_into", "Merged into"],
  ["merged", "Merged from"],
];

/** It goes on as others, so that its end is no refusal. */
export function livesOn(invoice: Invoice): boolean {
  return invoice.relatives.some((each) => each.relation === "part" || each.relation === "merged_into");
}

export function Relatives({ invoice }: { invoice: Invoice }) {
  const sheets = invoice.document?.sheets ?? [];
  return (
    <>
      {WORDS.map(([relation, words]) => {
        const those = invoice.relatives.filter((each) => each.relation === relation);
        return (
          those.length > 0 && (
            <p key={relation} className="text-sm break-words text-quiet">
              {words}{" "}
              {those.map((each, index) => (
                <Fragment key={each.id}>
                  {index > 0 && ", "}
                  <Link className="link" to={`/invoices/${each.id}`}>
                    {each.number ?? "no number"} ({each.state})
                  </Link>
                </Fragment>
              ))}
            </p>
          )
        );
      })}
      {sheets.length > 0 && (
        <p className="text-sm break-words text-quiet">
          Made of{" "}
          {sheets
            .map(
              ({ file, pages }) =>
                file + (pages ? `, ${pages.length === 1 ? "page" : "pages"} ${pages.join(", ")}` : ""),
            )
            .join("; ")}
        </p>
      )}
    </>
  );
}
