/** The policy that the very next step of every invoice goes by: as settings, and as it was written. */
import { Callout } from "@/parts/callout";
import type { Api } from "@/parts/client";
import { Facts } from "@/parts/facts";
import { money } from "@/parts/money";
import { Scrolling } from "@/parts/scrolling";

/** Sums stand under their currency. */
const CURRENCY = /^[A-Z]{3}$/;

export function InForce({ policy }: { policy: Api<"PolicyAnswer"> }) {
  return (
    <div className="grid items-start gap-5 p-4 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-4">
        <Cautions cautions={policy.cautions} />
        {Object.entries(policy.settings).map(([title, settings]) => (
          <section key={title} aria-label={words(title)}>
            <h2 className="heading mb-1.5 first-letter:uppercase">{words(title)}</h2>
            <Facts facts={merged(flat(settings)).map(([name, value]) => [words(name), value] as const)} />
          </section>
        ))}
      </div>
      <section aria-label="As it is written" className="min-w-0">
        <h2 className="heading mb-1.5">As it is written</h2>
        <Source text={policy.text} />
      </section>
    </div>
  );
}

export function Source({ text }: { text: string }) {
  return (
    <Scrolling label="Policy as TOML">
      <pre className="px-3">{text}</pre>
    </Scrolling>
  );
}

/** What is allowed in a policy and yet should make one look twice. */
export function Cautions({ cautions }: { cautions: readonly string[] }) {
  if (cautions.length === 0) return null;
  return (
    <Callout tone="warn">
      <ul className="flex flex-col gap-1">
        {cautions.map((caution) => (
          <li key={caution}>{caution}</li>
        ))}
      </ul>
    </Callout>
  );
}

/** Several sums of one setting in one line. */
function merged(facts: readonly [string, string][]): [string, string][] {
  const byName = Map.groupBy(facts, ([name]) => name);
  return [...byName].map(([name, all]) => [name, all.map(([, value]) => value).join(", ")]);
}

function flat(value: unknown, name = ""): [string, string][] {
  if (typeof value !== "object" || value === null) return [[name, String(value)]];
  return Object.entries(value).flatMap(([key, each]) =>
    CURRENCY.test(key)
      ? [[name, money({ amount: String(each), currency: key })]]
      : flat(each, name ? `${name} ${key}` : key),
  );
}

function words(name: string): string {
  return name.replaceAll("_", " ");
}
