import { storableText } from '../../database/storable-text.js';

/** UTF-16 code units. Hiding what is shorter would take every sentence apart, and so tell what is hidden. */
const SHORTEST = 4;
/** UTF-16 code units of a line of a longer secret: a line such as `{` tells nothing. */
const SHORTEST_LINE = 8;
const HIDDEN = '[redacted]';
/** What `storableText` puts in the place of what it cuts off. */
const CUT = ' ...';

/** Secrets that have to be hidden in what others write: lines of logs, messages of errors. */
export class KnownSecrets {
  /** As they may be written, the longest first: a secret may be a part of another one. */
  private readonly forms: readonly string[];

  private constructor(forms: Iterable<string>) {
    this.forms = [...new Set(forms)].sort((a, b) => b.length - a.length);
  }

  /** @param values all texts in them are secrets, the names of members left out */
  static of(values: readonly unknown[]): KnownSecrets {
    return new KnownSecrets(secretTexts(values).flatMap(formsOf));
  }

  /** These and others. */
  with({ forms }: KnownSecrets): KnownSecrets {
    const known = new Set(this.forms);
    return forms.every((form) => known.has(form)) ? this : new KnownSecrets([...known, ...forms]);
  }

  /** The text with `[redacted]` in the places of secrets, also of the beginning of one where the text was cut. */
  hideIn(text: string): string {
    const hidden = this.forms.reduce((rest, form) => rest.replaceAll(form, HIDDEN), text);
    return hidden.endsWith(CUT) ? this.hideAtEnd(hidden.slice(0, -CUT.length)) + CUT : hidden;
  }

  /** The same for all texts of a JSON value, the names of members included. */
  hideInJson<Value>(value: Value): Value;
  hideInJson(value: unknown): unknown {
    if (typeof value === 'string') return this.hideIn(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item: unknown) => this.hideInJson(item));
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [this.hideIn(name), this.hideInJson(of)]));
  }

  private hideAtEnd(text: string): string {
    const starts = this.forms.map((form) => {
      let length = Math.min(form.length, text.length);
      while (length >= SHORTEST && !text.endsWith(form.slice(0, length))) length--;
      return length;
    });
    const longest = Math.max(0, ...starts);
    return longest < SHORTEST ? text : text.slice(0, -longest) + HIDDEN;
  }
}

/** All texts in a value that are long enough to be hidden, the names of members left out. */
export function secretTexts(value: unknown): string[] {
  if (typeof value === 'string') return value.length < SHORTEST ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretTexts);
}

/** A secret as it is, as a part of JSON or of a URL, and line by line: what is printed comes in lines. */
function formsOf(secret: string): string[] {
  const text = storableText(secret);
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const parts = lines.length > 1 ? lines.filter((line) => line.length >= SHORTEST_LINE) : [];
  return [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), ...parts];
}
