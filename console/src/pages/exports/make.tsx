/** Making a batch: what it would hold is shown before; made twice, there is one. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Choice, FormProblem, TextField } from "@/parts/form";
import { count } from "@/parts/money";
import { Panel } from "@/parts/page";
import { toast } from "@/parts/toasts";
import { type Batch, FORMATS, type Format, Sums } from "./shape";

export function Make({ made }: { made: (batch: Batch) => void }) {
  const queries = useQueryClient();
  const [format, setFormat] = useState<Format>("csv");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const wish = { format, booked_from: from || null, booked_to: to || null };
  const preview = useQuery({
    queryKey: ["exports", "preview", wish],
    queryFn: () => data(api.GET("/api/v1/exports/preview", { params: { query: wish } })),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
  const make = useMutation({
    mutationFn: () => data(api.POST("/api/v1/exports", { body: wish })),
    onSuccess: async (batch) => {
      toast(`Batch ${batch.number} is made.`);
      made(batch);
      await queries.invalidateQueries({ queryKey: ["exports"] });
    },
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Panel title="New batch">
      <form onSubmit={submit} className="flex flex-col gap-3 p-4">
        <Choice
          label="Format"
          help={FORMATS[format][1]}
          value={format}
          onChange={(event) => setFormat(event.target.value as Format)}
          options={Object.entries(FORMATS).map(([value, [name]]) => [value, name] as const)}
        />
        <div className="grid grid-cols-2 gap-2">
          <TextField
            label="Booked from"
            type="date"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
          />
          <TextField
            label="Booked until"
            type="date"
            min={from || undefined}
            value={to}
            onChange={(event) => setTo(event.target.value)}
          />
        </div>
        <div
          aria-live="polite"
          className="flex items-start justify-between gap-3 rounded-md bg-sunk px-3 py-2"
        >
          {preview.data ? (
            <>
              <span>
                {preview.data.payments === 0
                  ? "Every payment of that time is in a batch of this format."
                  : `${count(preview.data.payments)} ${preview.data.payments === 1 ? "payment" : "payments"}`}
                {preview.data.more && " and more: they go into the next batch"}
              </span>
              {preview.data.payments > 0 && <Sums sums={preview.data.totals} />}
            </>
          ) : (
            <span className="text-quiet">{preview.error ? "Not known at the moment." : "Counting…"}</span>
          )}
        </div>
        <FormProblem error={make.error} />
        <Button look="main" type="submit" disabled={preview.data?.payments === 0} busy={make.isPending}>
          Make the batch
        </Button>
      </form>
    </Panel>
  );
}
