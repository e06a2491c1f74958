/** What had moved at a moment. */
export interface Sample {
  /** Milliseconds since the start. */
  at: number;
  /** Bytes so far. */
  bytes: number;
  /** Rows so far. */
  rows: number;
}

/** The most samples that are kept; older ones are thinned out. */
const maxSamples = 600;
/** The time over which a rate is taken, in milliseconds. */
const windowMs = 5_000;

/** Adds a sample; neighbours closer than 100 ms replace each other. */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && sample.at - last.at < 100 && samples.length > 1) {
    return [...samples.slice(0, -1), { ...sample, at: Math.max(last.at, sample.at) }];
  }
  const kept =
    samples.length < maxSamples ? samples : samples.filter((_, index) => index % 2 === 0);
  return [...kept, sample];
}

/** Bytes and rows a second over the last seconds. */
export function currentRate(samples: readonly Sample[]): { bytes: number; rows: number } {
  const last = samples.at(-1);
  if (!last) return { bytes: 0, rows: 0 };
  const first = samples.find((sample) => last.at - sample.at <= windowMs) ?? last;
  const seconds = (last.at - first.at) / 1000;
  if (seconds <= 0) return { bytes: 0, rows: 0 };
  return { bytes: (last.bytes - first.bytes) / seconds, rows: (last.rows - first.rows) / seconds };
}

/** Milliseconds until `totalBytes` have moved; undefined while nothing moves. */
export function timeLeft(samples: readonly Sample[], totalBytes: number): number | undefined {
  const { bytes } = currentRate(samples);
  const last = samples.at(-1);
  if (!last || bytes <= 0) return undefined;
  return (Math.max(0, totalBytes - last.bytes) / bytes) * 1000;
}

/** Bytes a second between each two samples, for a chart: seconds and rates. */
export function rateSeries(samples: readonly Sample[]): [number[], number[]] {
  const times: number[] = [];
  const rates: number[] = [];
  for (let index = 1; index < samples.length; index += 1) {
    const before = samples[Math.max(0, index - 3)];
    const sample = samples[index];
    if (!before || !sample || sample.at <= before.at) continue;
    times.push(sample.at / 1000);
    rates.push(((sample.bytes - before.bytes) * 1000) / (sample.at - before.at));
  }
  return [times, rates];
}
