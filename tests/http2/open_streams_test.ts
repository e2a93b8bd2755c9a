/** The table of open streams, against a Map. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { OpenStreams } from "../../src/http2/open_streams.ts";
import { StreamState } from "../../src/http2/stream_state.ts";
import { forSeeds } from "../wire/random.ts";

const NOWHERE = {
  cancel() {},
  sendHeaders() {},
  sendData: () => true,
  credit() {},
};

function streamOf(id: number): StreamState {
  const stream = new StreamState(NOWHERE, NOWHERE, NOWHERE);
  stream.id = id;
  return stream;
}

test("OpenStreams finds what a Map finds, whatever comes and goes", () => {
  forSeeds(20, (random) => {
    const table = new OpenStreams();
    const map = new Map<number, StreamState>();
    const mostOpen = random.pick([1, 10, 500]);
    // Ids that differ by a power of two want the same slot.
    const step = random.pick([2, 128, 1024]);
    for (let count = 0, id = 1; count < 3000; count++) {
      if (map.size < mostOpen && random.below(2) === 0) {
        id += step * (1 + random.below(3));
        const stream = streamOf(id);
        table.add(stream);
        map.set(id, stream);
      } else if (map.size > 0) {
        const stream = random.pick([...map.values()]);
        table.remove(stream);
        map.delete(stream.id);
        strictEqual(table.get(stream.id), undefined);
      }
      strictEqual(table.size, map.size);
    }
    for (const [id, stream] of map) strictEqual(table.get(id), stream);
    deepStrictEqual(table.all().map(({ id }) => id), [...map.keys()]);
  });
});

test("OpenStreams does not remove another stream with the same id, or one twice", () => {
  const table = new OpenStreams();
  const stream = streamOf(1);
  table.add(stream);
  table.remove(streamOf(1));
  strictEqual(table.size, 1);
  table.remove(stream);
  table.remove(stream);
  strictEqual(table.size, 0);
});
