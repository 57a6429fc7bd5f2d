/** What the API says when it refuses: an RFC 9457 problem, as an error to throw and to show. */
export type FieldError = { field: string; message: string };

export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: number,
    /** The last word of the problem's type, `stale` for example. */
    readonly kind: string,
    readonly title: string,
    /** Says what to do next. */
    readonly detail: string,
    readonly errors: readonly FieldError[] = [],
    /** Members beyond the RFC's own, such as the version that is current. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
  }

  /** The message for a form's field; names may be paths such as `body.amount`. */
  at(field: string): string | undefined {
    return this.errors.find((each) => each.field === field || each.field.endsWith(`.${field}`))?.message;
  }
}

/** What a refused form says at one of its fields, if it says anything there. */
export function fieldMessage(error: unknown, field: string): string | undefined {
  return error instanceof Problem ? error.at(field) : undefined;
}

/** Reads any answer that is not a success; a proxy's HTML becomes a sentence, too. */
export async function readProblem(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== "object" || body === null) {
    return new Problem(
      response.status,
      "unavailable",
      "No answer",
      "The server gave no proper answer. Try again.",
    );
  }
  const { type, title, detail, errors, status: _, ...more } = body as Record<string, unknown>;
  return new Problem(
    response.status,
    text(type).split("/").at(-1) || "unknown",
    text(title) || "That did not work",
    text(detail),
    Array.isArray(errors) ? (errors as FieldError[]) : [],
    more,
  );
}

/** One sentence for whatever was thrown. */
export function sentence(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (error instanceof TypeError) return "The server cannot be reached. Check the connection and try again.";
  return error instanceof Error ? error.message : "That did not work. Try again.";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
