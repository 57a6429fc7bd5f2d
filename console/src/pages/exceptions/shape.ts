/** What the API says of a held invoice. */
import type { Api } from "@/parts/client";

export type Exception = Api<"ExceptionRow">;
