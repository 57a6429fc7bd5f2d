/** Asks a person to prove once more that it is they, when the server wants that before a change. */
import { useMutation } from "@tanstack/react-query";
import { KeyRound, Mail } from "lucide-react";
import { type FormEvent, useState, useSyncExternalStore } from "react";
import { Button } from "./button";
import { api, data } from "./client";
import { Dialog } from "./dialog";
import { FormProblem, TextField } from "./form";
import { askPasskey, passkeysWork } from "./passkey";
import { Problem } from "./problem";

const KIND = "step-up-required";

/** The promise of whoever waits for the proof; one at a time. */
let waiting: { done: (proved: boolean) => void } | null = null;
const listeners = new Set<() => void>();

/** Does it; if the server wants a fresh proof, asks for that and does it once more. */
export async function withStepUp<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== KIND) throw error;
    if (!(await proof())) throw error;
    return await act();
  }
}

/** The dialog; stands once in the shell. */
export function StepUp() {
  const open = useSyncExternalStore(subscribe, () => waiting);
  return (
    <Dialog title="Is it you?" open={open !== null} close={() => finish(false)}>
      <Proofs />
    </Dialog>
  );
}

function Proofs() {
  const [code, setCode] = useState("");
  const passkey = useMutation({
    mutationFn: async () => {
      const { options, challenge_id } = await data(api.POST("/api/v1/step-up/passkey/options"));
      const credential = await askPasskey(options);
      return credential
        ? await data(api.POST("/api/v1/step-up/passkey", { body: { challenge_id, credential } }))
        : null;
    },
    onSuccess: (proved) => proved && finish(true),
    meta: { quiet: true },
  });
  const mail = useMutation({
    mutationFn: () => data(api.POST("/api/v1/step-up/code")),
    meta: { quiet: true },
  });
  const check = useMutation({
    mutationFn: () => data(api.POST("/api/v1/step-up/code/check", { body: { code } })),
    onSuccess: () => finish(true),
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    check.mutate();
  };
  return (
    <div className="flex flex-col gap-4">
      <p className="text-quiet">This change needs a fresh proof. It then holds for ten minutes.</p>
      <FormProblem error={passkey.error ?? mail.error} />
      <div className="flex flex-wrap gap-2">
        {passkeysWork() && (
          <Button look="main" busy={passkey.isPending} onPress={() => passkey.mutate()}>
            <KeyRound aria-hidden size={15} /> Use a passkey
          </Button>
        )}
        <Button busy={mail.isPending} onPress={() => mail.mutate()}>
          <Mail aria-hidden size={15} /> {mail.isSuccess ? "Mail another code" : "Mail me a code"}
        </Button>
      </div>
      {mail.isSuccess && (
        <form onSubmit={submit} className="flex flex-col gap-3 border-t border-line pt-4">
          <TextField
            label="Code from the mail"
            inputMode="numeric"
            autoComplete="one-time-code"
            autoFocus
            required
            value={code}
            onChange={(event) => setCode(event.target.value.trim())}
          />
          <FormProblem error={check.error} />
          <Button look="main" type="submit" busy={check.isPending}>
            Go on
          </Button>
        </form>
      )}
    </div>
  );
}

function proof(): Promise<boolean> {
  waiting?.done(false);
  return new Promise((resolve) => publish({ done: resolve }));
}

function finish(proved: boolean): void {
  waiting?.done(proved);
  publish(null);
}

function publish(next: typeof waiting): void {
  waiting = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
