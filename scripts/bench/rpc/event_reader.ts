/** An event of a feed as it came. */
export interface Arrival {
  /** Its id. */
  readonly id: number;
  /** All of its lines. */
  readonly text: string;
}

const HEADER_END = "\r\n\r\n";
const EVENT_END = /\n\n+/;

/**
 * Takes an HTTP answer apart, as it comes over the socket, into the events with an id: as little work as
 * can be done without taking anything on trust.
 */
export class EventReader {
  #begun = false;
  /** What is not taken apart yet of the answer. */
  #raw = "";
  /** What is not taken apart yet of the stream. */
  #text = "";

  /** The events that are whole with these bytes, which are all ASCII. */
  push(text: string): Arrival[] {
    this.#raw += text;
    if (!this.#begun) {
      const end = this.#raw.indexOf(HEADER_END);
      if (end === -1) return [];
      const head = this.#raw.slice(0, end).toLowerCase();
      if (!head.startsWith("http/1.1 200") || !head.includes("\ntransfer-encoding: chunked")) {
        throw new Error(`no stream: ${head}`);
      }
      this.#raw = this.#raw.slice(end + HEADER_END.length);
      this.#begun = true;
    }
    this.#unchunk();
    const blocks = this.#text.split(EVENT_END);
    this.#text = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      const id = /^id: (\d+)$/m.exec(block)?.[1];
      return id === undefined ? [] : [{ id: Number(id), text: block }];
    });
  }

  /** Moves whole chunks from the answer to the stream. */
  #unchunk(): void {
    while (true) {
      const lineEnd = this.#raw.indexOf("\r\n");
      if (lineEnd === -1) return;
      const start = lineEnd + 2;
      const end = start + parseInt(this.#raw.slice(0, lineEnd), 16);
      if (end === start) throw new Error("the stream has ended");
      if (this.#raw.length < end + 2) return;
      this.#text += this.#raw.slice(start, end);
      this.#raw = this.#raw.slice(end + 2);
    }
  }
}
