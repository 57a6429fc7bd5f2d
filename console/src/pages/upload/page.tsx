/** Handing in invoices by hand: dropped files or a hosted file's address; each then walks the same street as a mail. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FileDrop } from "@/parts/file-drop";
import { FormProblem, TextField } from "@/parts/form";
import { useMay } from "@/parts/me";
import { Page, Panel } from "@/parts/page";
import { fieldMessage } from "@/parts/problem";
import { size } from "@/parts/size";
import { Empty } from "@/parts/states";
import { Before } from "./before";
import { Outcome, OutcomeBadge } from "./outcome";
import { type Sending, useUploads } from "./sending";

const TYPES = ".pdf,.png,.jpg,.jpeg,.tif,.tiff,.webp,.heic,.xml,.zip,.eml";

export default function Upload() {
  const may = useMay("upload");
  const uploads = useUploads();
  if (!may) {
    return (
      <Page title="Upload">
        <Empty title="Not yours to do">
          Your role may look at invoices, not hand them in. Ask an administrator.
        </Empty>
      </Page>
    );
  }
  return (
    <Page title="Upload" lead="What you hand in here walks the same street as a forwarded mail.">
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)]">
        <div className="flex flex-col gap-4">
          <FileDrop
            label="Files"
            words="Drop files here"
            help="PDF, pictures, e-invoice XML, zip, or a saved mail (.eml)"
            accept={TYPES}
            multiple
            take={uploads.send}
          />
          {uploads.all.length > 0 && <Progress all={uploads.all} again={uploads.again} />}
        </div>
        <div className="flex flex-col gap-4">
          <FromAddress />
          <Before />
        </div>
      </div>
    </Page>
  );
}

function Progress({ all, again }: { all: readonly Sending[]; again: (sending: Sending) => void }) {
  return (
    <Panel title="Handed in">
      <ul aria-live="polite" className="divide-y divide-line">
        {all.map((each) => (
          <li key={each.id} className="flex flex-col gap-1.5 px-4 py-2.5">
            <div className="flex items-center gap-3">
              <Mark sending={each} />
              <span className="min-w-0 grow truncate">{each.file.name}</span>
              {each.upload ? (
                <OutcomeBadge upload={each.upload} />
              ) : (
                <span className="shrink-0 text-sm text-quiet">{size(each.file.size)}</span>
              )}
            </div>
            {each.state === "sending" && (
              <progress
                aria-label={`Sending ${each.file.name}`}
                value={each.sent}
                max={1}
                className="h-1.5 w-full overflow-hidden rounded-full bg-sunk accent-accent-fill"
              />
            )}
            {each.state === "failed" && (
              <p className="flex flex-wrap items-center justify-between gap-2 text-bad">
                {each.words}
                <Button onPress={() => again(each)}>Try again</Button>
              </p>
            )}
            {each.upload && (
              <div className="pl-7">
                <Outcome upload={each.upload} />
              </div>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Mark({ sending }: { sending: Sending }) {
  if (sending.upload?.outcome === "refused") {
    return <CircleAlert aria-label="Refused" size={16} className="shrink-0 text-bad" />;
  }
  if (sending.state === "done")
    return <CircleCheck aria-label="Taken in" size={16} className="shrink-0 text-good" />;
  if (sending.state === "failed")
    return <CircleAlert aria-label="Failed" size={16} className="shrink-0 text-bad" />;
  return (
    <LoaderCircle aria-label="Sending" size={16} className="shrink-0 text-accent motion-safe:animate-spin" />
  );
}

function FromAddress() {
  const queries = useQueryClient();
  const [address, setAddress] = useState("");
  const hosts = useQuery({
    queryKey: ["uploads", "hosts"],
    queryFn: () => data(api.GET("/api/v1/uploads/hosts")),
  });
  const fetching = useMutation({
    mutationFn: () => data(api.POST("/api/v1/uploads/from-address", { body: { address } })),
    onSuccess: () => {
      setAddress("");
      void queries.invalidateQueries({ queryKey: ["invoices"] });
    },
    meta: { quiet: true },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    fetching.mutate();
  };
  const allowed = hosts.data?.hosts ?? [];
  return (
    <Panel title="From an address">
      {hosts.data && allowed.length === 0 ? (
        <p className="p-4 text-quiet">
          No host is allowed yet. An administrator names those that may be fetched from in the setting
          UPLOAD_HOSTS.
        </p>
      ) : (
        <form onSubmit={submit} className="flex flex-col gap-3 p-4">
          <TextField
            label="Address of the file"
            type="url"
            required
            placeholder="https://"
            help={allowed.length > 0 ? `Only from ${allowed.join(", ")}.` : ""}
            error={fieldMessage(fetching.error, "address")}
            value={address}
            onChange={(event) => setAddress(event.target.value)}
          />
          <FormProblem error={fetching.error} fields={["address"]} />
          <Button type="submit" busy={fetching.isPending}>
            Fetch it
          </Button>
          {fetching.data && (
            <div role="status" className="flex flex-col gap-1">
              <p className="flex items-center gap-2">
                <span className="min-w-0 grow truncate">{fetching.data.name}</span>
                <OutcomeBadge upload={fetching.data} />
              </p>
              <Outcome upload={fetching.data} />
            </div>
          )}
        </form>
      )}
    </Panel>
  );
}
