/** The document's pages as pictures, with a box around each field that was found on them. */
import { Minus, Plus } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Empty } from "@/parts/states";
import { LABELS } from "./labels";
import type { Candidate, Document, Field, PagePicture } from "./shape";

const ZOOMS = [1, 1.5, 2, 3] as const;

type Props = {
  document: Document | null;
  fields: readonly Field[];
  selected: string | null;
  select: (name: string) => void;
};

export function DocumentView({ document, fields, selected, select }: Props) {
  const [zoom, setZoom] = useState(0);
  const scale = ZOOMS[zoom] ?? 1;
  if (!document || document.pages.length === 0) {
    return (
      <Empty title="No picture of it">
        This document has no pages that could be drawn. Its text may still be read.
      </Empty>
    );
  }
  return (
    <div className="flex min-h-0 flex-col">
      <div className="flex items-center justify-between gap-2 border-b border-line px-3 py-1.5 text-sm text-quiet">
        <span className="truncate">
          {document.name} · {document.pages.length === 1 ? "1 page" : `${document.pages.length} pages`}
        </span>
        <span className="flex shrink-0 items-center">
          <Zoom
            label="Smaller"
            disabled={zoom === 0}
            onPress={() => setZoom(zoom - 1)}
            icon={<Minus aria-hidden size={15} />}
          />
          <span className="w-11 text-center text-xs">{scale * 100} %</span>
          <Zoom
            label="Larger"
            disabled={zoom === ZOOMS.length - 1}
            onPress={() => setZoom(zoom + 1)}
            icon={<Plus aria-hidden size={15} />}
          />
        </span>
      </div>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="Pages of the document"
        className="max-h-[78dvh] overflow-auto bg-sunk p-3"
      >
        <div className="flex flex-col gap-3" style={{ width: `${scale * 100}%` }}>
          {document.pages.map((page) => (
            <PageView
              key={page.number}
              page={page}
              fields={fields.filter((field) => field.place?.page === page.number)}
              others={(fields.find((field) => field.name === selected)?.candidates ?? []).filter(
                (each) => !each.taken && each.place?.page === page.number,
              )}
              selected={selected}
              select={select}
            />
          ))}
        </div>
      </section>
    </div>
  );
}

function PageView(props: {
  page: PagePicture;
  fields: readonly Field[];
  /** What the reader passed over for the chosen field. */
  others: readonly Candidate[];
  selected: string | null;
  select: (name: string) => void;
}) {
  const { page } = props;
  return (
    <figure className="relative m-0">
      <img
        src={page.url}
        alt={`Page ${page.number} of the document, account numbers blacked out`}
        width={page.width}
        height={page.height}
        className="block h-auto w-full rounded-sm border border-line bg-white"
      />
      {props.fields.map((field) => (
        <Box
          key={field.name}
          field={field}
          on={field.name === props.selected}
          select={() => props.select(field.name)}
        />
      ))}
      {props.others.map(
        (each) =>
          each.place && (
            <span
              key={each.value}
              title={`Also seen: ${each.value}`}
              className="pointer-events-none absolute -m-[3px] box-content rounded-[3px] border-2 border-dashed border-[#b45309] p-0.5"
              style={edges(each.place)}
            />
          ),
      )}
    </figure>
  );
}

/** A field's place on the page; the chosen one comes into view. */
function Box({ field, on, select }: { field: Field; on: boolean; select: () => void }) {
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (on) ref.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [on]);
  if (!field.place) return null;
  return (
    <button
      ref={ref}
      type="button"
      tabIndex={-1}
      aria-label={`${LABELS[field.name] ?? field.name} on the page`}
      title={LABELS[field.name] ?? field.name}
      onClick={select}
      className={`absolute -m-[3px] box-content rounded-[3px] border p-0.5 ${on ? "border-[#3d4bc7] bg-[#3d4bc7]/20 ring-1 ring-[#3d4bc7]" : "border-[#3d4bc7]/40 hover:bg-[#3d4bc7]/15"}`}
      style={edges(field.place)}
    />
  );
}

/** A place in per cent of its page. */
function edges({ x0, y0, x1, y1 }: NonNullable<Field["place"]>) {
  return {
    left: `${x0 * 100}%`,
    top: `${y0 * 100}%`,
    width: `${(x1 - x0) * 100}%`,
    height: `${(y1 - y0) * 100}%`,
  };
}

function Zoom(props: { label: string; disabled: boolean; onPress: () => void; icon: React.ReactNode }) {
  return (
    <button
      type="button"
      aria-label={props.label}
      disabled={props.disabled}
      onClick={props.onPress}
      className="grid size-7 place-items-center rounded-md hover:bg-panel disabled:opacity-40"
    >
      {props.icon}
    </button>
  );
}
