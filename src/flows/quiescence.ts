import type { StepPlace } from './step-run.js';

/**
 * Tells when steps have come to rest. After a step has ended the code that waited for it goes on a moment later, so a
 * place counts as resting only when it still does after two turns of the event loop.
 */
export class Quiescence {
  private readonly waiting = new Map<() => void, StepPlace>();
  private isDirty = false;
  private isChecking = false;

  /** Something began, ended or was put aside. */
  changed(): void {
    this.isDirty = true;
    if (this.waiting.size > 0) void this.check();
  }

  /** Resolves when no step of the place gets on by itself any more; at once when none does now. */
  async idle(place: StepPlace): Promise<void> {
    if (place.isBusy()) await this.resting(place);
  }

  /** Resolves when the place has come to rest, looked at twice. */
  resting(place: StepPlace): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.set(resolve, place);
      this.changed();
    });
  }

  private async check(): Promise<void> {
    if (this.isChecking) return;
    this.isChecking = true;
    while (this.isDirty) {
      this.isDirty = false;
      await turn();
      await turn();
    }
    this.isChecking = false;
    for (const [resolve, place] of this.waiting) {
      if (place.isBusy()) continue;
      this.waiting.delete(resolve);
      resolve();
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
