/** What the API says of one invoice. */
import type { Api } from "@/parts/client";

export type Invoice = Api<"InvoiceCase">;
export type Document = Api<"DocumentShown">;
export type PagePicture = Api<"PagePicture">;
export type Field = Api<"FieldShown">;
export type Candidate = Api<"CandidateShown">;
export type Correction = Api<"CorrectionShown">;
export type Question = Api<"QuestionShown">;
export type Screenshot = Api<"ScreenshotShown">;
export type Entry = Api<"EntryShown">;
