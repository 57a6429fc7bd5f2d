/** How much of an order is used, as a bar with its number. */
import type { Api } from "@/parts/client";
import { percent } from "@/parts/money";

export function Used({ order }: { order: Api<"OrderAnswer"> }) {
  // A share may be a float; the sums beside it are the exact ones.
  const share = Number(order.used.amount) / Number(order.total.amount);
  const over = share > 1;
  return (
    <span className="flex items-center gap-2">
      <span aria-hidden className="h-1.5 w-14 overflow-hidden rounded-full bg-sunk">
        <span
          className={`block h-full rounded-full ${over ? "bg-bad" : "bg-accent"}`}
          style={{ width: `${Math.min(share, 1) * 100}%` }}
        />
      </span>
      <span className={`text-sm ${over ? "text-bad" : "text-quiet"}`}>{percent(share)}</span>
    </span>
  );
}
