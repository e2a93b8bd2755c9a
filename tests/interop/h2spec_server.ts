/** A server for h2spec: any request gets a small body and trailers. It says its port on stdout. */
import { type AddressInfo, createServer } from "node:net";
import { Connection } from "../../src/http2/connection.ts";
import { makeDuplexLink } from "../../src/http2/duplex_link.ts";
import { HeaderTemplate } from "../../src/http2/hpack_encoder.ts";

const RESPONSE = new HeaderTemplate([":status", "200", "content-type", "text/plain"]);
const TRAILERS = new HeaderTemplate(["x-done", "1"]);
const BODY = new TextEncoder().encode("hello, h2spec\n");

const server = createServer({ noDelay: true }, (socket) => {
  new Connection("server", makeDuplexLink(socket), {
    request: (stream) => ({
      headers() {},
      data: (_bytes, start, end) => stream.consume(end - start),
      trailers() {},
      end() {
        stream.sendHeaders(RESPONSE);
        stream.write(BODY);
        stream.end(TRAILERS);
      },
      reset() {},
      drain() {},
    }),
    closed() {},
  }, { maxFrameBytes: 16_384 }); // one of h2spec's tests takes this size for granted
});
server.listen(0, "127.0.0.1", () => {
  console.log((server.address() as AddressInfo).port);
});
