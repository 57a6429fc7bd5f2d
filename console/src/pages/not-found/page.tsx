/** An address that leads nowhere. */
import { LinkButton } from "@/parts/button";
import { Page } from "@/parts/page";
import { Empty } from "@/parts/states";

export default function NotFound() {
  return (
    <Page title="Not found">
      <Empty title="There is no such page">
        <LinkButton to="/" className="mt-2">
          To today
        </LinkButton>
      </Empty>
    </Page>
  );
}
