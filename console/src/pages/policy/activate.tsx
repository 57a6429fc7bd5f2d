/** Putting a policy in force: with a reason, a fresh proof of who does it, and only in place of the one that was seen. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { Callout } from "@/parts/callout";
import { type Api, api, data } from "@/parts/client";
import { FormProblem, TextArea } from "@/parts/form";
import { withStepUp } from "@/parts/step-up";
import { toast } from "@/parts/toasts";

type Props = {
  text: string;
  /** The version that was in force when the author began. */
  seen: string;
  done: (policy: Api<"PolicyAnswer">) => void;
  close: () => void;
};

export function Activate({ text, seen, done, close }: Props) {
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const activate = useMutation({
    mutationFn: () =>
      withStepUp(() => data(api.POST("/api/v1/policy/activate", { body: { text, seen, note } }))),
    onSuccess: async (policy) => {
      queries.setQueryData(["policy"], policy);
      toast(`Version ${policy.version} is in force.`);
      done(policy);
      close();
      await queries.invalidateQueries({ queryKey: ["policy"] });
    },
    onError: () => queries.invalidateQueries({ queryKey: ["policy"], exact: true }),
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    activate.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Callout tone="warn">
        Every invoice goes by it from its next step on. What was approved under another policy is asked again.
      </Callout>
      <TextArea
        label="Reason"
        required
        autoFocus
        maxLength={1000}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      <FormProblem error={activate.error} />
      <div className="flex gap-2">
        <Button look="main" type="submit" busy={activate.isPending}>
          Put in force
        </Button>
        <Button look="bare" onPress={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
