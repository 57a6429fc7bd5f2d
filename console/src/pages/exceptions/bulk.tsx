/** What can be done with all chosen exceptions at once. */
import { X } from "lucide-react";
import { Button } from "@/parts/button";
import type { Actions } from "./actions";
import type { Exception } from "./shape";

export function Bulk(props: { picked: readonly Exception[]; actions: Actions; clear: () => void }) {
  const { picked, actions } = props;
  if (picked.length === 0) return null;
  return (
    <div className="ml-auto flex flex-wrap items-center gap-2">
      <span className="text-sm text-quiet">{picked.length} chosen</span>
      <Button busy={actions.busy} onPress={() => actions.claim(picked, false)}>
        Claim
      </Button>
      <Button busy={actions.busy} onPress={() => actions.askPerson(picked)}>
        Assign…
      </Button>
      <Button busy={actions.busy} onPress={() => actions.resume(picked)}>
        Judge again
      </Button>
      <Button look="danger" busy={actions.busy} onPress={() => actions.askReason(picked)}>
        Reject
      </Button>
      <Button look="bare" aria-label="Choose none" onPress={props.clear}>
        <X aria-hidden size={15} />
      </Button>
    </div>
  );
}
