/** What the API says of the day. */
import type { Api } from "@/parts/client";

export type Today = Api<"Today">;
