import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { test } from "node:test";
import { type Listed, Roster } from "../../src/rpc/roster.ts";
import { forSeeds } from "../wire/random.ts";

test("Roster has what a Set has, whatever comes and goes", () => {
  forSeeds(20, (random) => {
    const roster = new Roster<Listed>();
    const set = new Set<Listed>();
    for (let count = 0; count < 500; count++) {
      if (random.below(2) === 0) {
        const item = { place: -1 };
        roster.add(item);
        set.add(item);
      } else if (set.size > 0) {
        const item = random.pick([...set]);
        set.delete(item);
        strictEqual(roster.remove(item), true);
        strictEqual(roster.remove(item), false);
        strictEqual(item.place, -1);
      }
      strictEqual(roster.size, set.size);
    }
    deepStrictEqual(new Set(roster.all()), set);
    for (const item of roster.all()) strictEqual(set.has(item), true);
  });
});
