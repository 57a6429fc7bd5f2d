/** Writing another policy: checked as one types, compared with the one in force, tried on past invoices, put in force. */
import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useEffect, useId, useState } from "react";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { Changes } from "@/parts/history";
import { Failing } from "@/parts/states";
import { Activate } from "./activate";
import { Diff } from "./diff";
import { Cautions } from "./in-force";
import { WhatIf } from "./what-if";

type Policy = Api<"PolicyAnswer">;
type Draft = Api<"DraftAnswer">;

const PAUSE_MS = 350;

export function Editor({ policy }: { policy: Policy }) {
  const id = useId();
  // What the author began with: putting it in force must fail when another policy came in between.
  const [seen, setSeen] = useState(policy);
  const [text, setText] = useState(policy.text);
  const [activating, setActivating] = useState(false);
  const draft = useDraft(text);
  const changed = text.trim() !== seen.text.trim();
  const trying = useMutation({
    mutationFn: (days: number) => data(api.POST("/api/v1/policy/what-if", { body: { text, days } })),
    meta: { quiet: true },
  });
  const begin = (from: Policy) => {
    setSeen(from);
    setText(from.text);
    trying.reset();
  };
  useGuard(changed);
  return (
    <div className="flex flex-col gap-4 p-4">
      {policy.version !== seen.version && (
        <Callout tone="warn">
          Another policy ({policy.version}) is in force by now.{" "}
          <button type="button" className="link" onClick={() => begin(policy)}>
            Begin again from it
          </button>
        </Callout>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-2">
          <label htmlFor={id} className="text-sm font-medium">
            The whole policy as TOML
          </label>
          <textarea
            id={id}
            className="field min-h-96 resize-y font-mono text-xs leading-relaxed"
            rows={28}
            maxLength={20_000}
            spellCheck={false}
            autoCapitalize="off"
            value={text}
            aria-invalid={draft.data?.valid === false || undefined}
            aria-describedby={`${id}-verdict`}
            onChange={(event) => {
              setText(event.target.value);
              trying.reset();
            }}
          />
          <div className="flex flex-wrap gap-2">
            <Button
              look="main"
              disabled={!changed || !draft.data?.valid || draft.isPlaceholderData}
              onPress={() => setActivating(true)}
            >
              Put in force…
            </Button>
            <Button look="bare" disabled={!changed} onPress={() => begin(policy)}>
              Undo all
            </Button>
          </div>
        </div>
        <div id={`${id}-verdict`} aria-live="polite" className="flex min-w-0 flex-col gap-4">
          {draft.error && <Failing error={draft.error} again={() => void draft.refetch()} />}
          {draft.data && <Verdict draft={draft.data} changed={changed} />}
        </div>
      </div>
      {draft.data?.valid && changed && <WhatIf trying={trying} />}
      <Dialog title="Put this policy in force" open={activating} close={() => setActivating(false)}>
        <Activate text={text} seen={seen.version} done={begin} close={() => setActivating(false)} />
      </Dialog>
    </div>
  );
}

function Verdict({ draft, changed }: { draft: Draft; changed: boolean }) {
  if (!draft.valid) {
    return (
      <Callout tone="bad">
        <h2 className="font-medium">Not valid yet</h2>
        <ul className="mt-1 flex flex-col gap-1">
          {draft.errors.map((error) => (
            <li key={`${error.field} ${error.message}`}>
              {error.field !== "text" && <code className="font-mono text-sm">{error.field}: </code>}
              {error.message}
            </li>
          ))}
        </ul>
      </Callout>
    );
  }
  return (
    <>
      <Callout tone={changed ? "good" : "calm"}>
        {changed ? `Valid; it would be version ${draft.version}.` : "This is the policy in force."}
      </Callout>
      <Cautions cautions={draft.cautions} />
      {draft.changes.length > 0 && (
        <section aria-label="Settings that change" className="flex flex-col gap-1.5">
          <h2 className="heading">Settings that change</h2>
          <Changes changes={draft.changes} />
        </section>
      )}
      <Diff lines={draft.diff} />
    </>
  );
}

/** The server's word on the text, a moment after the last letter. */
function useDraft(text: string) {
  const late = useDeferredValue(text);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(late), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [late]);
  const query = useQuery({
    queryKey: ["policy", "draft", settled],
    queryFn: () => data(api.POST("/api/v1/policy/validate", { body: { text: settled } })),
    placeholderData: keepPreviousData,
    enabled: settled.trim() !== "",
  });
  // What was said of an older text must not put a newer one in force.
  return { ...query, isPlaceholderData: query.isPlaceholderData || settled !== text };
}

/** Asks before a draft is lost with its tab. */
function useGuard(changed: boolean): void {
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [changed]);
}
