/** What was read: go through it with the arrow keys, correct with Enter, have all of it judged again. */
import { Pencil, Undo2 } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { FormProblem } from "@/parts/form";
import { Key, useShortcuts } from "@/parts/keys";
import { money } from "@/parts/money";
import { fieldMessage } from "@/parts/problem";
import { day, moment } from "@/parts/time";
import { Candidates, nextCandidate } from "./candidates";
import { certainty, LABELS, SOURCES } from "./labels";
import type { Correction, Field } from "./shape";

/** New values by field name; an empty text says that the document does not have it. */
export type Drafts = Readonly<Record<string, string>>;

const SUMS: readonly string[] = ["net", "tax", "total"];

type Props = {
  fields: readonly Field[];
  selected: string | null;
  select: (name: string) => void;
  /** What people corrected before, oldest first. */
  corrections: readonly Correction[];
  /** False while the invoice is not held, and for who may only read. */
  correctable: boolean;
  drafts: Drafts;
  /** Puts a text in the place of a field's value; the value itself takes the draft back. */
  draft: (field: Field, text: string) => void;
  submit: () => void;
  busy: boolean;
  error: Error | null;
};

export function Fields(props: Props) {
  const { fields, selected, drafts } = props;
  const [editing, setEditing] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const changes = Object.keys(drafts).length;
  const currency = drafts.currency ?? fields.find((field) => field.name === "currency")?.value ?? "";

  const focus = (name: string) => list.current?.querySelector<HTMLElement>(`[data-field="${name}"]`)?.focus();
  const onKey = (event: KeyboardEvent) => {
    if (editing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    move(step);
  };
  const move = (step: number) => {
    const index = fields.findIndex((field) => field.name === selected);
    const next = fields[Math.min(Math.max(index + step, 0), fields.length - 1)];
    if (!next) return;
    props.select(next.name);
    focus(next.name);
  };
  const keep = (field: Field, text: string) => {
    props.draft(field, text);
    setEditing(null);
    // The row is drawn again without its input; the keyboard goes on from there.
    setTimeout(() => focus(field.name));
  };

  const standing = (field: Field) => drafts[field.name] ?? field.value;
  const chosen = fields.find((field) => field.name === selected);
  const takeNext = () => {
    const next = chosen?.correctable && nextCandidate(chosen, standing(chosen));
    if (next) keep(chosen, next.value);
  };
  useShortcuts([
    { keys: "j", words: "Next field", run: () => move(1) },
    { keys: "k", words: "Previous field", run: () => move(-1) },
    ...(props.correctable
      ? [
          { keys: "a", words: "Take the next value the reader saw", run: takeNext },
          {
            keys: "s",
            words: "Correct and judge again",
            run: () => changes > 0 && !props.busy && props.submit(),
          },
        ]
      : []),
  ]);

  if (fields.length === 0) return <p className="p-4 text-quiet">Nothing was read: see why above.</p>;
  return (
    <div>
      <ul ref={list} aria-label="Fields as they were read" onKeyDown={onKey}>
        {fields.map((field) => (
          <li key={field.name} className="border-b border-line last:border-0">
            {editing === field.name ? (
              <Editor
                field={field}
                value={drafts[field.name] ?? field.value ?? ""}
                keep={(text) => keep(field, text)}
              />
            ) : (
              <Row
                field={field}
                {...(props.correctable && field.correctable
                  ? { take: (value: string) => keep(field, value) }
                  : {})}
                fault={fieldMessage(props.error, field.name)}
                currency={currency}
                corrections={props.corrections.filter((each) => each.field === field.name)}
                draft={drafts[field.name]}
                on={field.name === selected}
                select={() => props.select(field.name)}
                {...(props.correctable && field.correctable ? { edit: () => setEditing(field.name) } : {})}
                undo={() => keep(field, field.value ?? "")}
              />
            )}
          </li>
        ))}
      </ul>
      {props.correctable && (
        <div className="sticky bottom-14 flex flex-col gap-2 border-t border-line bg-panel p-3 md:bottom-0">
          <FormProblem error={props.error} fields={fields.map((field) => field.name)} />
          <div className="flex flex-wrap items-center justify-between gap-2">
            <p className="text-sm text-quiet">
              {changes ? `${changes} corrected, not sent yet` : <KeysWords />}
            </p>
            <Button look="main" disabled={changes === 0} busy={props.busy} onPress={props.submit}>
              Correct and judge again <Key>s</Key>
            </Button>
          </div>
        </div>
      )}
    </div>
  );
}

function KeysWords() {
  return (
    <span className="hidden items-center gap-1 md:inline-flex">
      <Key>↑</Key> <Key>↓</Key> to move, <Key>Enter</Key> to correct
    </span>
  );
}

function Row(props: {
  field: Field;
  /** Why what was sent for it was refused. */
  fault: string | undefined;
  /** Of the whole invoice; its sums are written as it is usual there. */
  currency: string;
  corrections: readonly Correction[];
  draft: string | undefined;
  on: boolean;
  select: () => void;
  edit?: () => void;
  take?: (value: string) => void;
  undo: () => void;
}) {
  const { field } = props;
  return (
    <div className={`px-4 ${props.on ? "bg-accent-soft" : "hover:bg-sunk"}`}>
      <Line {...props} />
      {props.on && field.candidates.length > 1 && (
        <Candidates
          field={field}
          label={LABELS[field.name] ?? field.name}
          value={props.draft ?? field.value}
          words={(value) => shown(field.name, value, props.currency)}
          {...(props.take ? { take: props.take } : {})}
        />
      )}
    </div>
  );
}

function Line(props: Parameters<typeof Row>[0]) {
  const { field, draft } = props;
  const [sure, tone] = certainty(field.confidence);
  const value = draft ?? field.value;
  return (
    <div className="flex items-start gap-2">
      <button
        type="button"
        data-field={field.name}
        aria-pressed={props.on}
        onClick={props.select}
        onFocus={props.select}
        onDoubleClick={props.edit}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !props.edit) return;
          event.preventDefault();
          props.edit();
        }}
        className="grid min-w-0 grow grid-cols-[7.5rem_minmax(0,1fr)] gap-x-3 py-2 text-left"
      >
        <span className="text-quiet">{LABELS[field.name] ?? field.name}</span>
        <span className="min-w-0">
          <span
            className={`break-words ${value ? "" : "text-quiet italic"} ${draft === undefined ? "" : "font-semibold"}`}
          >
            {value ? shown(field.name, value, props.currency) : "not found"}
          </span>
          {draft !== undefined && (
            <s className="ml-2 text-quiet">
              {field.value ? shown(field.name, field.value, props.currency) : "not found"}
            </s>
          )}
          {props.fault && (
            <span role="alert" className="block text-sm text-bad">
              {props.fault}
            </span>
          )}
          {props.on && <Detail field={field} corrections={props.corrections} />}
        </span>
      </button>
      <span className="flex shrink-0 items-center gap-1.5 py-2">
        {draft !== undefined ? (
          <Badge tone="busy">corrected</Badge>
        ) : (
          field.value !== null && <Badge tone={tone}>{sure}</Badge>
        )}
        {draft !== undefined ? (
          <IconButton
            label={`Undo ${LABELS[field.name] ?? field.name}`}
            onPress={props.undo}
            icon={<Undo2 aria-hidden size={14} />}
          />
        ) : (
          props.edit && (
            <IconButton
              label={`Correct ${LABELS[field.name] ?? field.name}`}
              onPress={props.edit}
              icon={<Pencil aria-hidden size={14} />}
            />
          )
        )}
      </span>
    </div>
  );
}

function Detail({ field, corrections }: { field: Field; corrections: readonly Correction[] }) {
  return (
    <span className="block text-sm text-quiet">
      {field.printed && <span className="block break-words">Printed: “{field.printed}”</span>}
      {field.value !== null && (
        <span className="block">
          {Math.round(field.confidence * 100)} % sure
          {field.source && `, ${SOURCES[field.source] ?? field.source}`}
          {field.place ? `, page ${field.place.page}` : ""}
        </span>
      )}
      {corrections.map((each) => (
        <span key={each.at} className="block break-words">
          {each.by} put {each.after ?? "nothing"} in the place of {each.before ?? "nothing"},{" "}
          {moment(each.at)}
        </span>
      ))}
    </span>
  );
}

function Editor({ field, value, keep }: { field: Field; value: string; keep: (text: string) => void }) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    ref.current?.focus();
    ref.current?.select();
  }, []);
  return (
    <form
      className="grid grid-cols-[7.5rem_minmax(0,1fr)] items-center gap-x-3 bg-accent-soft px-4 py-1"
      onSubmit={(event) => {
        event.preventDefault();
        keep(ref.current?.value.trim() ?? "");
      }}
    >
      <label htmlFor={`edit-${field.name}`} className="text-quiet">
        {LABELS[field.name] ?? field.name}
      </label>
      <input
        ref={ref}
        id={`edit-${field.name}`}
        className="field"
        defaultValue={value}
        autoComplete="off"
        inputMode={SUMS.includes(field.name) ? "decimal" : "text"}
        placeholder={field.name.endsWith("_date") ? "2026-11-30" : "not in the document"}
        onBlur={(event) => keep(event.target.value.trim())}
        onKeyDown={(event) => {
          if (event.key === "Escape") keep(value);
        }}
      />
    </form>
  );
}

/** A normal form as people read it; what has none, or a wrong one, as it is. */
function shown(name: string, value: string, currency: string): string {
  if (SUMS.includes(name) && /^-?\d+(\.\d+)?$/.test(value) && /^[A-Z]{3}$/.test(currency)) {
    return money({ amount: value, currency });
  }
  if (name.endsWith("_date") && !Number.isNaN(Date.parse(value))) return day(value);
  return value;
}

function IconButton(props: { label: string; onPress: () => void; icon: React.ReactNode }) {
  return (
    <button
      type="button"
      aria-label={props.label}
      title={props.label}
      onClick={props.onPress}
      className="grid size-6 place-items-center rounded-sm text-quiet hover:bg-panel hover:text-ink"
    >
      {props.icon}
    </button>
  );
}
