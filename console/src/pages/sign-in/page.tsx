/** Signing in: a link by mail, a passkey, or the company's own sign-in. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Building2, KeyRound, MailCheck } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation, useParams, useSearchParams } from "react-router";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { FormProblem, TextField } from "@/parts/form";
import { Mark } from "@/parts/mark";
import { useTitle } from "@/parts/page";
import { askPasskey, passkeysWork } from "@/parts/passkey";
import { ThemeSwitch } from "@/parts/theme-switch";

export default function SignIn() {
  useTitle("Sign in");
  const token = useToken();
  const returned = useParams()["*"] === "sso";
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className="flex w-full max-w-sm flex-col gap-4">
        <div className="flex items-center justify-between">
          <p className="flex items-center gap-2 text-lg font-semibold tracking-tight">
            <Mark /> Countersign
          </p>
          <ThemeSwitch />
        </div>
        <div className="panel flex flex-col gap-4 p-5 shadow-sm">
          {returned ? <Returned /> : token ? <Landed token={token} /> : <Ways />}
        </div>
        <p className="text-center text-sm text-quiet">Payments are approved on WhatsApp, not here.</p>
      </div>
    </main>
  );
}

/** Behind a mailed link. A scanner that only opens it changes nothing: the button signs in. */
function Landed({ token }: { token: string }) {
  const enter = useEnter();
  const consume = useMutation({
    mutationFn: () => data(api.POST("/api/v1/sign-in/consume", { body: { token } })),
    onSuccess: () => enter(),
    meta: { quiet: true },
  });
  return (
    <>
      <h1 className="text-lg font-semibold">You are almost in</h1>
      <p className="text-quiet">The link works once. Go on only if you asked for it yourself.</p>
      <FormProblem error={consume.error} />
      <Button look="main" busy={consume.isPending} autoFocus onPress={() => consume.mutate()}>
        Sign in
      </Button>
      {consume.error && (
        <a className="link text-center" href="/sign-in">
          Ask for a new link
        </a>
      )}
    </>
  );
}

/** Back from the company's own sign-in: what stands in the address is handed on once, and taken out of it. */
function Returned() {
  const enter = useEnter();
  const [search] = useSearchParams();
  const [{ state, ...rest }] = useState(() => ({
    state: search.get("state") ?? "",
    code: search.get("code"),
    error: search.get("error"),
    iss: search.get("iss"),
  }));
  const finish = useMutation({
    mutationFn: () => data(api.POST("/api/v1/sign-in/sso/finish", { body: { state, ...rest } })),
    onSuccess: (done) => enter(done.next),
    meta: { quiet: true },
  });
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current || !state) return;
    begun.current = true;
    history.replaceState(null, "", "/sign-in/sso");
    finish.mutate();
  }, [state, finish]);
  const over = !state || finish.error;
  return (
    <>
      <h1 className="text-lg font-semibold">{over ? "You are not signed in" : "Signing you in"}</h1>
      <FormProblem error={finish.error} />
      {over ? (
        <a className="link text-center" href="/sign-in">
          Back to signing in
        </a>
      ) : (
        <p role="status" className="text-quiet">
          One moment.
        </p>
      )}
    </>
  );
}

function Ways() {
  const enter = useEnter();
  const methods = useQuery({
    queryKey: ["sign-in", "methods"],
    queryFn: () => data(api.GET("/api/v1/sign-in/methods")),
  });
  const passkey = useMutation({
    mutationFn: async () => {
      const { options, challenge_id } = await data(api.POST("/api/v1/sign-in/passkey/options"));
      const credential = await askPasskey(options);
      return credential
        ? await data(api.POST("/api/v1/sign-in/passkey", { body: { challenge_id, credential } }))
        : null;
    },
    onSuccess: (done) => done && enter(),
    meta: { quiet: true },
  });
  const next = useNext();
  const leave = useMutation({
    mutationFn: () => data(api.POST("/api/v1/sign-in/sso", { body: { next } })),
    onSuccess: ({ url }) => location.assign(url),
    meta: { quiet: true },
  });
  return (
    <>
      <h1 className="text-lg font-semibold">Sign in</h1>
      <ByMail />
      <div className="flex items-center gap-3 text-xs text-quiet before:h-px before:grow before:bg-line after:h-px after:grow after:bg-line">
        or
      </div>
      <FormProblem error={passkey.error ?? leave.error} />
      {methods.data?.oidc && (
        <Button busy={leave.isPending || leave.isSuccess} onPress={() => leave.mutate()}>
          <Building2 aria-hidden size={15} /> Sign in with {methods.data.oidc.name}
        </Button>
      )}
      {passkeysWork() && (
        <Button busy={passkey.isPending} onPress={() => passkey.mutate()}>
          <KeyRound aria-hidden size={15} /> Use a passkey
        </Button>
      )}
    </>
  );
}

function ByMail() {
  const [address, setAddress] = useState("");
  const ask = useMutation({
    mutationFn: () => data(api.POST("/api/v1/sign-in/link", { body: { address } })),
    meta: { quiet: true },
  });
  if (ask.isSuccess) {
    return (
      <div role="status" className="flex gap-2.5 rounded-md bg-good-soft p-3 text-good">
        <MailCheck aria-hidden size={17} className="mt-px shrink-0" />
        <p>
          If <strong>{address}</strong> may sign in, a link is on its way to it. It works once, for 15
          minutes.
        </p>
      </div>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <TextField
        label="Mail address"
        type="email"
        name="email"
        autoComplete="email"
        required
        autoFocus
        value={address}
        onChange={(event) => setAddress(event.target.value)}
      />
      <FormProblem error={ask.error} />
      <Button look="main" type="submit" busy={ask.isPending}>
        Send me a link
      </Button>
    </form>
  );
}

/** Goes where the person was headed, by a load: nothing of the page before may stay in memory. */
function useEnter(): (to?: string) => void {
  const next = useNext();
  return (to = next) => location.assign(new URL(ownPath(to), location.origin));
}

function useNext(): string {
  const [search] = useSearchParams();
  return ownPath(search.get("next") ?? "/");
}

/** Only an address of our own, as the browser itself reads it: `//there`, `/\there` and a tab in between are others. */
function ownPath(wanted: string): string {
  const base = URL.canParse(wanted, location.origin) ? new URL(wanted, location.origin) : null;
  if (base?.origin !== location.origin || base.pathname.startsWith("//")) return "/";
  return base.pathname + base.search + base.hash;
}

function useToken(): string | null {
  const { hash } = useLocation();
  const [search] = useSearchParams();
  const path = useParams()["*"];
  return new URLSearchParams(hash.slice(1)).get("token") ?? search.get("token") ?? (path || null);
}
