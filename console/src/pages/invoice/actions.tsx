/** What a person may do with an invoice: let a held one go on, end it, or ask who sent it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { type Api, api, data } from "@/parts/client";
import { Dialog } from "@/parts/dialog";
import { FormProblem, TextArea } from "@/parts/form";
import { useShortcuts } from "@/parts/keys";
import { useMay } from "@/parts/me";
import { toast } from "@/parts/toasts";
import { Merge } from "./merge";
import type { Invoice } from "./shape";
import { Split } from "./split";

type Target = Api<"Decision">["target"];
type Asking = "reject" | "forwarder" | "split" | "merge" | null;

const RESUME_WORDS: Readonly<Record<string, string>> = {
  received: "Read again",
  extracted: "Judge again",
  paying: "Ask the bank again",
};

export function Actions({ invoice }: { invoice: Invoice }) {
  const [asking, setAsking] = useState<Asking>(null);
  const may = useMay("invoices.decide");
  const decide = useDecision(invoice, () => setAsking(null));
  const ways = (may ? invoice.ways : []) as Target[];
  const resumes = ways.filter((way) => way !== "rejected");
  const first = resumes.at(-1);
  // Only what was held while paying must go back there; everything else may be rejected, and so given on.
  const mergeable = ways.includes("rejected") && invoice.document !== null;
  const divisible = mergeable && invoice.document?.divisible === true;
  useShortcuts([
    ...(first
      ? [
          {
            keys: "r",
            words: RESUME_WORDS[first] ?? first,
            run: () => decide.mutate({ target: first, reason: "" }),
          },
        ]
      : []),
    ...(ways.includes("rejected") ? [{ keys: "e", words: "Reject", run: () => setAsking("reject") }] : []),
    ...(divisible ? [{ keys: "s", words: "Split by pages", run: () => setAsking("split") }] : []),
    ...(mergeable ? [{ keys: "m", words: "Merge with others", run: () => setAsking("merge") }] : []),
    ...(may && invoice.state === "held"
      ? [{ keys: "f", words: "Ask the forwarder", run: () => setAsking("forwarder") }]
      : []),
  ]);
  if (!may) return null;
  return (
    <div className="flex flex-wrap gap-2">
      {resumes.map((way) => (
        <Button
          key={way}
          look={way === first ? "main" : "plain"}
          busy={decide.isPending}
          onPress={() => decide.mutate({ target: way, reason: "" })}
        >
          {RESUME_WORDS[way] ?? way}
        </Button>
      ))}
      {invoice.forwarder && invoice.state === "held" && (
        <Button onPress={() => setAsking("forwarder")}>Ask the forwarder</Button>
      )}
      {divisible && <Button onPress={() => setAsking("split")}>Split</Button>}
      {mergeable && <Button onPress={() => setAsking("merge")}>Merge</Button>}
      {ways.includes("rejected") && (
        <Button look="danger" onPress={() => setAsking("reject")}>
          Reject
        </Button>
      )}
      <Dialog title="Reject this invoice" open={asking === "reject"} close={() => setAsking(null)}>
        <Reasoned
          label="Reason"
          help="The forwarder reads it in the mail that tells them."
          action="Reject"
          busy={decide.isPending}
          error={decide.error}
          send={(reason) => decide.mutate({ target: "rejected", reason })}
        />
      </Dialog>
      <Dialog title="Split by pages" wide open={asking === "split"} close={() => setAsking(null)}>
        {invoice.document && (
          <Split invoice={invoice} document={invoice.document} done={() => setAsking(null)} />
        )}
      </Dialog>
      <Dialog title="Merge with others" open={asking === "merge"} close={() => setAsking(null)}>
        <Merge invoice={invoice} done={() => setAsking(null)} />
      </Dialog>
      <Dialog title="Ask the forwarder" open={asking === "forwarder"} close={() => setAsking(null)}>
        <Question invoice={invoice} done={() => setAsking(null)} />
      </Dialog>
    </div>
  );
}

function Question({ invoice, done }: { invoice: Invoice; done: () => void }) {
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: (question: string) =>
      data(
        api.POST("/api/v1/invoices/{invoice_id}/ask-forwarder", {
          params: { path: { invoice_id: invoice.id } },
          body: { version: invoice.version, question },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ["invoice", invoice.id] }),
    onSuccess: () => {
      toast("Sent, in the thread of the mail it came in.");
      done();
    },
    meta: { quiet: true },
  });
  return (
    <Reasoned
      label="Question"
      help={`Goes to ${invoice.forwarder} in the same thread. What they answer to that mail stands here.`}
      action="Send"
      busy={ask.isPending}
      error={ask.error}
      send={(question) => ask.mutate(question)}
    />
  );
}

function Reasoned(props: {
  label: string;
  help: string;
  action: string;
  busy: boolean;
  error: Error | null;
  send: (text: string) => void;
}) {
  const [text, setText] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.send(text.trim());
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextArea
        label={props.label}
        help={props.help}
        required
        autoFocus
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <FormProblem error={props.error} />
      <div className="flex justify-end">
        <Button look="main" type="submit" busy={props.busy}>
          {props.action}
        </Button>
      </div>
    </form>
  );
}

function useDecision(invoice: Invoice, done: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (decision: { target: Target; reason: string }) =>
      data(
        api.POST("/api/v1/invoices/{invoice_id}/decide", {
          params: { path: { invoice_id: invoice.id } },
          body: { version: invoice.version, ...decision },
        }),
      ),
    onSuccess: (_, { target }) => {
      toast(target === "rejected" ? "Rejected. The forwarder is told." : "On its way again.");
      done();
    },
    onSettled: () => queries.invalidateQueries(),
  });
}
