/** How a state looks: background, border and text, on a light and on a dark page. */
export interface StateStyle {
  /** name of a class in Mermaid and SVG */
  readonly name: string;
  readonly label: string;
  readonly light: Palette;
  readonly dark: Palette;
}

interface Palette {
  readonly fill: string;
  readonly stroke: string;
  readonly text: string;
}

const style = (name: string, label: string, light: readonly string[], dark: readonly string[]): StateStyle => ({
  name,
  label,
  light: { fill: light[0], stroke: light[1], text: light[2] },
  dark: { fill: dark[0], stroke: dark[1], text: dark[2] },
});

/** Of a step that has not begun, and of a graph without a job. */
export const NOT_BEGUN = style(
  'idle',
  'not begun',
  ['#ffffff', '#6b7280', '#1f2937'],
  ['#1f2937', '#9ca3af', '#f3f4f6'],
);

const WAITING = style('waiting', 'waits', ['#fef3c7', '#b45309', '#451a03'], ['#422006', '#fbbf24', '#fef3c7']);
const STYLES: Readonly<Record<string, StateStyle>> = {
  SCHEDULED: WAITING,
  PENDING: WAITING,
  RUNNING: style('running', 'runs', ['#dbeafe', '#1d4ed8', '#172554'], ['#172554', '#60a5fa', '#dbeafe']),
  PAUSED: style('paused', 'asks for input', ['#ede9fe', '#6d28d9', '#2e1065'], ['#2e1065', '#a78bfa', '#ede9fe']),
  CANCELLING: style('stopping', 'is being ended', ['#ffedd5', '#c2410c', '#431407'], ['#431407', '#fb923c', '#ffedd5']),
  COMPLETED: style('completed', 'completed', ['#dcfce7', '#15803d', '#052e16'], ['#052e16', '#4ade80', '#dcfce7']),
  FAILED: style('failed', 'failed', ['#fee2e2', '#b91c1c', '#450a0a'], ['#450a0a', '#f87171', '#fee2e2']),
  CRASHED: style('crashed', 'lost its executor', ['#fce7f3', '#be185d', '#500724'], ['#500724', '#f472b6', '#fce7f3']),
  CANCELLED: style('cancelled', 'cancelled', ['#e5e7eb', '#4b5563', '#111827'], ['#374151', '#d1d5db', '#f9fafb']),
};

/** @param state type of a state; absent when the step has not begun */
export function styleOf(state: string | undefined): StateStyle {
  return state !== undefined && Object.hasOwn(STYLES, state) ? STYLES[state] : NOT_BEGUN;
}

/** The looks of these states, each once. */
export function stylesOf(states: Iterable<string | undefined>): StateStyle[] {
  return [...new Set([...states].map(styleOf))];
}
