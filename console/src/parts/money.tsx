/** Sums and numbers as their readers write them; an amount stays text, never a float. */
export type Sum = { amount: string; currency: string };

/** Grouping follows the currency's home: lakhs for rupees, dots for euros. */
const HOMES: Readonly<Record<string, string>> = {
  INR: "en-IN",
  EUR: "de-DE",
  GBP: "en-GB",
  CHF: "de-CH",
  USD: "en-US",
};

export function money({ amount, currency }: Sum): string {
  const format = new Intl.NumberFormat(HOMES[currency] ?? "en-GB", { style: "currency", currency });
  // Intl reads a decimal's text exactly; a Number would round large sums.
  return format.format(amount as unknown as number);
}

export function Money({ sum, className = "" }: { sum: Sum | null | undefined; className?: string }) {
  if (!sum) return <span className="text-quiet">–</span>;
  return <span className={`whitespace-nowrap tabular-nums ${className}`}>{money(sum)}</span>;
}

export function count(value: number): string {
  return new Intl.NumberFormat("en-IN").format(value);
}

/** A share between 0 and 1 as per cent, one decimal at most. */
export function percent(share: number): string {
  return new Intl.NumberFormat("en-GB", { style: "percent", maximumFractionDigits: 1 }).format(share);
}
