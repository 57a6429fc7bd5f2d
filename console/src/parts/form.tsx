/** Fields with their labels, help and messages tied together for whoever cannot see them. */
import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from "react";
import { type Problem, sentence } from "./problem";

type Around = { label: string; help?: ReactNode; error?: string | undefined; hideLabel?: boolean };

function Labelled(props: Around & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={props.id} className={props.hideLabel ? "sr-only" : "text-sm font-medium"}>
        {props.label}
      </label>
      {props.children}
      {props.help && (
        <p id={`${props.id}-help`} className="text-sm text-quiet">
          {props.help}
        </p>
      )}
      {props.error && (
        <p id={`${props.id}-error`} role="alert" className="text-sm text-bad">
          {props.error}
        </p>
      )}
    </div>
  );
}

function described(id: string, { help, error }: Around) {
  const ids = [help ? `${id}-help` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  return { "aria-describedby": ids || undefined, "aria-invalid": error ? true : undefined } as const;
}

export function TextField({
  label,
  help,
  error,
  hideLabel,
  className = "",
  ...rest
}: Around & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const around = { label, help, error, ...(hideLabel ? { hideLabel } : {}) };
  return (
    <Labelled {...around} id={id}>
      <input
        autoComplete="off"
        {...rest}
        id={id}
        {...described(id, around)}
        className={`field ${className}`}
      />
    </Labelled>
  );
}

export function TextArea({
  label,
  help,
  error,
  hideLabel,
  className = "",
  ...rest
}: Around & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  const around = { label, help, error, ...(hideLabel ? { hideLabel } : {}) };
  return (
    <Labelled {...around} id={id}>
      <textarea rows={3} {...rest} id={id} {...described(id, around)} className={`field ${className}`} />
    </Labelled>
  );
}

/** One of a few: the system's own list, which every phone and screen reader knows. */
export function Choice({
  label,
  help,
  error,
  hideLabel,
  options,
  className = "",
  ...rest
}: Around &
  SelectHTMLAttributes<HTMLSelectElement> & {
    options: readonly (readonly [value: string, words: string])[];
  }) {
  const id = useId();
  const around = { label, help, error, ...(hideLabel ? { hideLabel } : {}) };
  return (
    <Labelled {...around} id={id}>
      <select {...rest} id={id} {...described(id, around)} className={`field ${className}`}>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** Why a form was refused, when it is not one field's fault. */
export function FormProblem({
  error,
  fields = [],
}: {
  error: Problem | Error | null;
  fields?: readonly string[];
}) {
  if (!error) return null;
  const elsewhere = "errors" in error ? error.errors.filter((each) => !fields.includes(each.field)) : [];
  const atFields = "errors" in error && error.errors.length > 0 && elsewhere.length === 0;
  return (
    <div role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-bad">
      {atFields ? "Mend what is marked above." : sentence(error)}
      {elsewhere.map((each) => (
        <p key={each.field}>
          {each.field}: {each.message}
        </p>
      ))}
    </div>
  );
}
