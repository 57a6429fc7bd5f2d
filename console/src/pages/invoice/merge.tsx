/** Puts held invoices together that are one: chosen from the same mail first, then found by words, and put in order. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { FormProblem } from "@/parts/form";
import { Money } from "@/parts/money";
import { SearchField } from "@/parts/search";
import { Empty, Failing, Loading } from "@/parts/states";
import { toast } from "@/parts/toasts";
import type { Invoice } from "./shape";

type Candidate = Api<"Mergeable">;
type Piece = { id: string; version: number; name: string };

export function Merge({ invoice, done }: { invoice: Invoice; done: () => void }) {
  const own = {
    id: invoice.id,
    version: invoice.version,
    name: invoice.document?.name ?? invoice.number ?? "This one",
  };
  const [pieces, setPieces] = useState<readonly Piece[]>([own]);
  const [words, setWords] = useState("");
  const query = useQuery({
    queryKey: ["invoice", invoice.id, "mergeable", words],
    queryFn: () =>
      data(
        api.GET("/api/v1/invoices/{invoice_id}/mergeable", {
          params: { path: { invoice_id: invoice.id }, query: words ? { q: words } : {} },
        }),
      ),
  });
  const send = useMerge(invoice, done);
  const items = query.data?.items ?? [];
  const toggle = (each: Candidate) =>
    setPieces((before) =>
      before.some((piece) => piece.id === each.id)
        ? before.filter((piece) => piece.id !== each.id)
        : [...before, { id: each.id, version: each.version, name: each.document }],
    );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate(pieces);
  };
  const groups: [string, Candidate[]][] = [
    ["From the same mail", items.filter((each) => each.same_mail)],
    ["From the same vendor", items.filter((each) => !each.same_mail)],
  ];
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p className="text-quiet">
        Choose what belongs to the same invoice. This one gets all their pages and is read again; the others
        end.
      </p>
      <SearchField label="Search" placeholder="Number, vendor, file" value={words} change={setWords} />
      {query.isPending && <Loading lines={3} />}
      {query.error && <Failing error={query.error} again={() => void query.refetch()} />}
      {query.data && items.length === 0 && (
        <Empty title={words ? "None fits" : "Nothing to put it together with"}>
          Only held invoices of the same mail or the same vendor can be merged.
        </Empty>
      )}
      {groups.map(
        ([title, candidates]) =>
          candidates.length > 0 && (
            <fieldset key={title} className="flex min-w-0 flex-col gap-2">
              <legend className="heading mb-1">{title}</legend>
              {candidates.map((each) => (
                <Choice
                  key={each.id}
                  candidate={each}
                  on={pieces.some((piece) => piece.id === each.id)}
                  toggle={() => toggle(each)}
                />
              ))}
            </fieldset>
          ),
      )}
      {pieces.length > 1 && <Order pieces={pieces} own={own.id} change={setPieces} />}
      <FormProblem error={send.error} />
      <div className="flex justify-end">
        <Button look="main" type="submit" disabled={pieces.length < 2} busy={send.isPending}>
          {pieces.length < 2 ? "Merge" : `Merge ${pieces.length} into one`}
        </Button>
      </div>
    </form>
  );
}

function Choice({ candidate, on, toggle }: { candidate: Candidate; on: boolean; toggle: () => void }) {
  return (
    <label className="flex min-w-0 cursor-pointer items-center gap-3 rounded-md border border-line p-2 hover:bg-sunk">
      <input type="checkbox" checked={on} onChange={toggle} className="size-4 shrink-0" />
      {candidate.picture && (
        <img
          src={candidate.picture}
          alt=""
          loading="lazy"
          className="h-16 w-12 shrink-0 rounded-sm border border-line bg-white object-cover object-top"
        />
      )}
      <span className="min-w-0 grow leading-snug">
        <span className="block truncate font-medium">
          {candidate.document}
          {candidate.number && ` · ${candidate.number}`}
        </span>
        <span className="block truncate text-sm text-quiet">
          {candidate.vendor ?? "Unknown vendor"} ·{" "}
          {candidate.pages === 1 ? "1 page" : `${candidate.pages} pages`}
        </span>
        <span className="line-clamp-1 text-sm text-quiet">{candidate.reason}</span>
      </span>
      <Money sum={candidate.total} className="shrink-0 text-sm" />
    </label>
  );
}

/** In which order the pages are read. */
function Order(props: { pieces: readonly Piece[]; own: string; change: (pieces: readonly Piece[]) => void }) {
  const { pieces } = props;
  const swap = (at: number, step: number) => {
    const next = [...pieces];
    const [one, other] = [next[at], next[at + step]];
    if (!one || !other) return;
    next[at] = other;
    next[at + step] = one;
    props.change(next);
  };
  return (
    <section aria-label="Order of the pages" className="flex flex-col gap-1">
      <h3 className="heading">Order of the pages</h3>
      <ol className="flex flex-col gap-1">
        {pieces.map((piece, index) => (
          <li key={piece.id} className="flex items-center gap-2">
            <span className="w-5 shrink-0 text-right text-quiet">{index + 1}</span>
            <span className="min-w-0 grow truncate">
              {piece.name} {piece.id === props.own && <span className="text-quiet">(this one)</span>}
            </span>
            <Arrow
              label={`${piece.name} earlier`}
              disabled={index === 0}
              onPress={() => swap(index, -1)}
              icon={<ArrowUp aria-hidden size={15} />}
            />
            <Arrow
              label={`${piece.name} later`}
              disabled={index === pieces.length - 1}
              onPress={() => swap(index, 1)}
              icon={<ArrowDown aria-hidden size={15} />}
            />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Arrow(props: { label: string; disabled: boolean; onPress: () => void; icon: React.ReactNode }) {
  return (
    <button
      type="button"
      aria-label={props.label}
      disabled={props.disabled}
      onClick={props.onPress}
      className="grid size-8 shrink-0 place-items-center rounded-md hover:bg-sunk disabled:opacity-40"
    >
      {props.icon}
    </button>
  );
}

function useMerge(invoice: Invoice, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (pieces: readonly Piece[]) =>
      data(
        api.POST("/api/v1/invoices/{invoice_id}/merge", {
          params: { path: { invoice_id: invoice.id } },
          body: { pieces: pieces.map(({ id, version }) => ({ id, version })) },
        }),
      ),
    onSuccess: () => {
      toast("Merged. It is read again now, and the forwarder is told.");
      done();
    },
    onSettled: () => queries.invalidateQueries(),
    meta: { quiet: true },
  });
}
