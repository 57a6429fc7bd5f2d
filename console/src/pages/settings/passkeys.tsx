/** One's passkeys: made on this device, named, taken away. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Trash2 } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem, TextField } from "@/parts/form";
import { Panel } from "@/parts/page";
import { makePasskey, passkeysWork } from "@/parts/passkey";
import { Answer, Empty } from "@/parts/states";
import { withStepUp } from "@/parts/step-up";
import { Age, Time } from "@/parts/time";
import { toast } from "@/parts/toasts";

export function Passkeys() {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const renew = () => queries.invalidateQueries({ queryKey: ["passkeys"] });
  const query = useQuery({ queryKey: ["passkeys"], queryFn: () => data(api.GET("/api/v1/passkeys")) });
  const add = useMutation({
    mutationFn: () =>
      withStepUp(async () => {
        const { options, challenge_id } = await data(api.POST("/api/v1/passkeys/options"));
        const credential = await makePasskey(options);
        if (!credential) return null;
        return data(api.POST("/api/v1/passkeys", { body: { challenge_id, name, credential } }));
      }),
    onSuccess: (made) => {
      if (!made) return;
      toast("The passkey is yours.");
      setName("");
      void renew();
    },
    meta: { quiet: true },
  });
  const remove = useMutation({
    mutationFn: (id: string) =>
      withStepUp(() =>
        data(api.DELETE("/api/v1/passkeys/{passkey_id}", { params: { path: { passkey_id: id } } })),
      ),
    onSuccess: () => void renew(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Panel title="Passkeys">
      <Answer query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={KeyRound} title="None yet">
              With one you sign in by fingerprint, face or PIN, and confirm what needs a fresh proof.
            </Empty>
          ) : (
            <ul className="divide-y divide-line">
              {items.map((each) => (
                <li key={each.id} className="flex items-center gap-3 px-4 py-2.5">
                  <KeyRound aria-hidden size={16} className="shrink-0 text-quiet" />
                  <span className="min-w-0 grow">
                    <span className="block truncate font-medium">{each.name}</span>
                    <span className="text-sm text-quiet">
                      made <Time at={each.created_at} />
                      {each.used_at && (
                        <>
                          , used <Age since={each.used_at} suffix=" ago" />
                        </>
                      )}
                    </span>
                  </span>
                  <Button
                    look="bare"
                    aria-label={`Remove ${each.name}`}
                    onPress={() => remove.mutate(each.id)}
                  >
                    <Trash2 aria-hidden size={15} />
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Answer>
      {passkeysWork() ? (
        <form onSubmit={submit} className="flex flex-col gap-3 border-t border-line p-4">
          <TextField
            label="Name of a new passkey"
            placeholder="Work laptop"
            required
            maxLength={60}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <FormProblem error={add.error} />
          <Button type="submit" busy={add.isPending}>
            Make a passkey
          </Button>
        </form>
      ) : (
        <p className="border-t border-line p-4 text-quiet">This browser cannot make passkeys here.</p>
      )}
    </Panel>
  );
}
