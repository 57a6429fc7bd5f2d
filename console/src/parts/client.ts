/** The typed client of the API: knows its paths and bodies, marks each change as ours, throws problems. */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./api.gen";
import { readProblem } from "./problem";

/** A schema of the API by its name. */
export type Api<Name extends keyof components["schemas"]> = components["schemas"][Name];

/** Another site cannot set this header without our leave; the server asks for it on every change. */
export const CSRF_HEADER = { "X-Countersign": "1" } as const;

const ourOwn: Middleware = {
  onRequest({ request }) {
    if (request.method === "GET") return;
    request.headers.set("X-Countersign", "1");
    if (request.method === "POST" && !request.headers.has("Idempotency-Key")) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
  },
  async onResponse({ response }) {
    if (!response.ok) throw await readProblem(response);
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
api.use(ourOwn);

/** The answer's data; what is no success was thrown by the middleware. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>;
}
