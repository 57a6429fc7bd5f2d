/** What belongs to oneself: how one signs in, where one is signed in, keys for programs, and the look. */
import { useMutation } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { Badge } from "@/parts/badge";
import { Button } from "@/parts/button";
import { api, data } from "@/parts/client";
import { Facts } from "@/parts/facts";
import { useMay, useMe } from "@/parts/me";
import { Page, Panel } from "@/parts/page";
import { Keys } from "./keys";
import { Passkeys } from "./passkeys";
import { Sessions } from "./sessions";
import { ThemeChoice } from "./theme-choice";

export default function Settings() {
  const me = useMe().data;
  const may = useMay("keys.edit");
  const leave = useMutation({
    mutationFn: () => data(api.POST("/api/v1/sign-out")),
    onSuccess: () => location.assign("/sign-in"),
  });
  if (!me) return null;
  return (
    <Page
      title="Settings"
      actions={
        <Button busy={leave.isPending} onPress={() => leave.mutate()}>
          <LogOut aria-hidden size={15} /> Sign out
        </Button>
      }
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title="You">
          <div className="p-4">
            <Facts
              facts={[
                ["Name", me.name],
                ["Mail", me.address],
                ["Role", <Badge key="role">{me.role}</Badge>],
              ]}
            />
          </div>
        </Panel>
        <Panel title="Look">
          <ThemeChoice />
        </Panel>
        <Passkeys />
        <Sessions />
        {may && <Keys />}
      </div>
    </Page>
  );
}
