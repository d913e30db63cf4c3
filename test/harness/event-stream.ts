/** A message of a server-sent event stream. */
export interface StreamedEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads a stream of server-sent events as it comes. */
export class EventStream {
  readonly events: StreamedEvent[] = [];
  /** Comment lines so far: signs of life. */
  comments = 0;

  private constructor(
    readonly response: Response,
    private readonly controller: AbortController,
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
  ) {}

  /** Connects; the answer must be a stream. @param after sent as `Last-Event-ID` */
  static async open(url: string, after?: number): Promise<EventStream> {
    const controller = new AbortController();
    const headers = { accept: 'text/event-stream', ...(after !== undefined && { 'last-event-id': String(after) }) };
    const response = await fetch(url, { headers, signal: controller.signal });
    if (response.status !== 200 || response.body === null) {
      throw new Error(`GET ${url}: ${response.status} ${await response.text()}`);
    }
    return new EventStream(response, controller, response.body.getReader());
  }

  /** Reads until an event or comment fulfils the condition, or the stream ends. @returns all events so far */
  async until(condition: (stream: EventStream) => boolean): Promise<StreamedEvent[]> {
    while (!condition(this)) {
      const block = await this.nextBlock();
      if (block === undefined) break;
      this.take(block);
    }
    return this.events;
  }

  /** Reads to the end. */
  toEnd(): Promise<StreamedEvent[]> {
    return this.until(() => false);
  }

  /** Goes away without a goodbye. */
  leave(): void {
    this.controller.abort();
  }

  private text = '';
  private readonly decoder = new TextDecoder();

  private async nextBlock(): Promise<string | undefined> {
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.text.slice(0, end);
        this.text = this.text.slice(end + 2);
        return block;
      }
      const { done, value } = await this.reader.read();
      if (done) return undefined;
      this.text += this.decoder.decode(value, { stream: true });
    }
  }

  private take(block: string): void {
    if (block.startsWith(':')) {
      this.comments += 1;
      return;
    }
    const fields = Object.fromEntries(block.split('\n').map((line) => /^(\w+): (.*)$/s.exec(line)!.slice(1, 3)));
    this.events.push({
      id: Number(fields.id),
      event: fields.event as string,
      data: JSON.parse(fields.data as string) as Record<string, unknown>,
    });
  }
}
