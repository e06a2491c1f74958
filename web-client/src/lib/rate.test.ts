import { expect, test } from "vitest";

import { addSample, currentRate, rateSeries, type Sample, timeLeft } from "./rate";

const steady: Sample[] = [0, 1, 2, 3, 4].map((second) => ({
  at: second * 1000,
  bytes: second * 50,
  rows: second * 5,
}));

test("a steady stream has one rate and a time left", () => {
  expect(currentRate(steady)).toEqual({ bytes: 50, rows: 5 });
  expect(timeLeft(steady, 300)).toBe(2000);
  expect(rateSeries(steady)[1]).toEqual([50, 50, 50, 50]);
});

test("nothing is said while nothing moves", () => {
  expect(timeLeft([], 10)).toBeUndefined();
  expect(timeLeft([{ at: 0, bytes: 0, rows: 0 }], 10)).toBeUndefined();
});

test("the number of samples stays bounded", () => {
  let samples: Sample[] = [];
  for (let at = 0; at < 5000; at += 1)
    samples = addSample(samples, { at: at * 200, bytes: at, rows: 0 });
  expect(samples.length).toBeLessThanOrEqual(601);
  expect(samples.at(-1)?.bytes).toBe(4999);
});
