// The browser is killed while it indexes; scripts/soak --crashes does this for longer.
import { crashRounds } from '../scripts/lib/soak/crash_rounds.mjs';
import { expect, test } from './lib/fixtures.mjs';

const ROUNDS = 10;

test('whatever was reported as added survives a kill, whole', async () => {
  test.setTimeout(900_000); // a hang guard: each round starts two browsers
  const seed = 20_260_000 + ROUNDS;
  const outcome = await crashRounds({ rounds: ROUNDS, seed, log: console.log });
  expect(outcome.kills).toBe(ROUNDS);
  // Kills that all came before anything was stored would show nothing.
  expect(outcome.reported).toBeGreaterThan(ROUNDS);
  expect(outcome.midway).toBeGreaterThan(ROUNDS / 2);
});
