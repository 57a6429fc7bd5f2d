/** Our sign. */
import { Check } from "lucide-react";

export function Mark() {
  return (
    <span className="grid size-6 place-items-center rounded-md bg-accent-fill text-white">
      <Check aria-hidden size={15} strokeWidth={3} />
    </span>
  );
}
