/** The cache of what the API said: when to ask again, and what a refusal leads to. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { Problem, sentence } from "./problem";
import { toast } from "./toasts";

const RETRIES = 2;

declare module "@tanstack/react-query" {
  interface Register {
    mutationMeta: {
      /** The form shows the problem itself, at its fields. */
      quiet?: boolean;
    };
  }
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: leaveIfSignedOut }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      leaveIfSignedOut(error);
      if (!mutation.meta?.quiet) toast(sentence(error), "bad");
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What was refused will be refused again; only a silent server is asked twice more.
      retry: (failures, error) => !(error instanceof Problem && error.status < 500) && failures < RETRIES,
    },
    mutations: { retry: false },
  },
});

/** Without a session: to the sign-in page, and from there back to where one was. */
function leaveIfSignedOut(error: unknown): void {
  if (!(error instanceof Problem) || error.status !== 401 || location.pathname.startsWith("/sign-in")) return;
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}
