/** Gives each page of a held invoice to a part: by its own choice below it, or by a digit while it has the focus. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem } from "@/parts/form";
import { Key } from "@/parts/keys";
import { toast } from "@/parts/toasts";
import type { Document, Invoice, PagePicture } from "./shape";

/** As many as one digit can name. */
const MOST_PARTS = 9;

export function Split({
  invoice,
  document,
  done,
}: {
  invoice: Invoice;
  document: Document;
  done: () => void;
}) {
  const numbers = Array.from({ length: document.page_count }, (_, index) => index + 1);
  const [given, setGiven] = useState<readonly number[]>(numbers.map(() => 1));
  const list = useRef<HTMLOListElement>(null);
  const send = useSplit(invoice, done);
  const parts = partsOf(given);
  const most = Math.min(MOST_PARTS, numbers.length);
  const give = (page: number, part: number) =>
    setGiven((before) => before.map((each, index) => (index === page - 1 ? part : each)));
  const focus = (page: number) =>
    list.current?.querySelector<HTMLElement>(`[data-page="${page}"] select`)?.focus();
  const onKey = (page: number) => (event: KeyboardEvent) => {
    const part = Number(event.key);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (part >= 1 && part <= most) {
      event.preventDefault();
      give(page, part);
      focus(page + 1);
    } else if (step) {
      event.preventDefault();
      focus(page + step);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate(parts);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p className="text-quiet">
        Each part becomes an invoice of its own. What is no invoice, a cover letter for example, goes with one
        of them.
        <span className="hidden md:inline">
          {" "}
          <Key>1</Key> to <Key>{String(most)}</Key> gives a page to a part and goes on; <Key>←</Key>{" "}
          <Key>→</Key> go from page to page.
        </span>
      </p>
      <ol ref={list} aria-label="Pages" className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-4">
        {numbers.map((number) => (
          <li key={number} data-page={number} className="flex min-w-0 flex-col gap-1.5">
            <Thumbnail page={document.pages.find((page) => page.number === number)} number={number} />
            <div className="flex items-center justify-between gap-2 text-sm">
              Page {number}
              <select
                aria-label={`Part of page ${number}`}
                className="field w-auto"
                value={given[number - 1]}
                onChange={(event) => give(number, Number(event.target.value))}
                onKeyDown={onKey(number)}
              >
                {Array.from({ length: most }, (_, index) => index + 1).map((part) => (
                  <option key={part} value={part}>
                    Part {part}
                  </option>
                ))}
              </select>
            </div>
          </li>
        ))}
      </ol>
      <FormProblem error={send.error} />
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p role="status" className="text-sm text-quiet">
          {parts.length < 2
            ? "All pages are in one part still."
            : parts.map((pages, index) => `Part ${index + 1}: page ${pages.join(", ")}`).join(" · ")}
        </p>
        <Button look="main" type="submit" disabled={parts.length < 2} busy={send.isPending}>
          {parts.length < 2 ? "Split" : `Split into ${parts.length} invoices`}
        </Button>
      </div>
    </form>
  );
}

function Thumbnail({ page, number }: { page: PagePicture | undefined; number: number }) {
  const frame = "aspect-[3/4] w-full rounded-sm border border-line";
  if (!page) {
    return (
      <div className={`${frame} grid place-items-center bg-sunk p-2 text-center text-sm text-quiet`}>
        Page {number} was not read yet
      </div>
    );
  }
  return (
    <img
      src={page.url}
      alt={`Page ${number}`}
      loading="lazy"
      className={`${frame} bg-white object-contain object-top`}
    />
  );
}

/** The pages of each part that has any, in the order of the parts. */
function partsOf(given: readonly number[]): number[][] {
  const parts = new Map<number, number[]>();
  given.forEach((part, index) => {
    parts.set(part, [...(parts.get(part) ?? []), index + 1]);
  });
  return [...parts].sort(([one], [other]) => one - other).map(([, pages]) => pages);
}

function useSplit(invoice: Invoice, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (parts: number[][]) =>
      data(
        api.POST("/api/v1/invoices/{invoice_id}/split", {
          params: { path: { invoice_id: invoice.id } },
          body: { version: invoice.version, parts: parts.map((pages) => ({ pages })) },
        }),
      ),
    onSuccess: ({ parts }) => {
      toast(`Split into ${parts.length} invoices. Each is read now, and the forwarder is told.`);
      done();
    },
    onSettled: () => queries.invalidateQueries(),
    meta: { quiet: true },
  });
}
