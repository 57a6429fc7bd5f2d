/** Files on their way to the server, a few at a time, each with its progress and its own result. */
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Api } from "@/parts/client";
import { Problem, sentence } from "@/parts/problem";

const AT_ONCE = 3;

type Upload = Api<"UploadItem">;

export type Sending = {
  id: string;
  file: File;
  state: "waiting" | "sending" | "done" | "failed";
  /** The share that has left this machine, 0 to 1. */
  sent: number;
  words: string;
  /** What the server says became of it. */
  upload: Upload | null;
};

export function useUploads() {
  const queries = useQueryClient();
  const [all, setAll] = useState<readonly Sending[]>([]);
  const queue = useRef<Sending[]>([]);
  const running = useRef(0);

  const change = (id: string, news: Partial<Sending>) =>
    setAll((before) => before.map((each) => (each.id === id ? { ...each, ...news } : each)));

  const next = () => {
    const sending = running.current < AT_ONCE ? queue.current.shift() : undefined;
    if (!sending) return;
    running.current += 1;
    change(sending.id, { state: "sending", sent: 0 });
    post(sending, (sent) => change(sending.id, { sent }))
      .then((upload) => change(sending.id, { state: "done", upload }))
      .catch((error: unknown) => change(sending.id, { state: "failed", words: sentence(error) }))
      .finally(() => {
        running.current -= 1;
        void queries.invalidateQueries({ queryKey: ["invoices"] });
        next();
      });
    next();
  };

  const enqueue = (more: readonly Sending[]) => {
    queue.current.push(...more);
    next();
  };
  return {
    all,
    send: (files: readonly File[]) => {
      const more = files.map(
        (file): Sending => ({
          id: crypto.randomUUID(),
          file,
          state: "waiting",
          sent: 0,
          words: "",
          upload: null,
        }),
      );
      setAll((before) => [...more, ...before]);
      enqueue(more);
    },
    again: (sending: Sending) => enqueue([sending]),
  };
}

/** By XMLHttpRequest, the one way to know how much has left. A repeat has the same key, so nothing comes in twice. */
function post(sending: Sending, told: (sent: number) => void): Promise<Upload | null> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/uploads");
    request.setRequestHeader("X-Countersign", "1");
    request.setRequestHeader("Idempotency-Key", sending.id);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    request.onerror = () => reject(new TypeError("no connection"));
    request.onload = () => {
      if (request.status < 400) resolve(read(request.response));
      else reject(refused(request));
    };
    const form = new FormData();
    form.append("files", sending.file);
    request.send(form);
  });
}

function read(body: Api<"Uploads"> | null): Upload | null {
  return body?.items[0] ?? null;
}

function refused(request: XMLHttpRequest): Problem {
  const body = request.response as { title?: string; detail?: string; type?: string } | null;
  const kind = body?.type?.split("/").at(-1) ?? "unknown";
  return new Problem(
    request.status,
    kind,
    body?.title ?? "Refused",
    body?.detail ?? "The server refused this file.",
  );
}
