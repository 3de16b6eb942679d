/** What can be done with the bare server. */
export interface BareServer {
  /** Where it listens. */
  readonly url: string;
  /** Writes bytes to every open stream. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Stops it. */
  close(): Promise<void>;
}

/**
 * The least that can serve: a `PUT` says with which bytes everything else is answered, and a `GET` opens a
 * stream that is written to, which begins with the event 0. It checks nothing.
 */
export function serveBare(): BareServer {
  let answer: Uint8Array<ArrayBuffer> = new Uint8Array();
  const opened = new TextEncoder().encode("id: 0\n\n");
  const streams = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "PUT") {
      answer = await request.bytes();
      return new Response();
    }
    if (request.method === "GET") {
      let own: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          own = controller;
          streams.add(controller);
          controller.enqueue(opened);
        },
        cancel() {
          if (own !== undefined) streams.delete(own);
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    }
    return new Response(answer, { headers: { "content-type": "application/json" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    write(bytes) {
      for (const stream of streams) stream.enqueue(bytes);
    },
    close: () => server.shutdown(),
  };
}
