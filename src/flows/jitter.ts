/**
 * Spreads a delay: an exponential distribution, cut below and above so that its mean stays `delay` and no value exceeds
 * `delay * (1 + jitter)`.
 *
 * @param delay milliseconds, the mean
 * @param jitter more than 0
 * @param random from 0 up to 1
 */
export function clampedDelay(delay: number, jitter: number, random: number): number {
  const upper = 1 + jitter;
  const lower = lowerBound(upper);
  const [most, least] = [Math.exp(-lower), Math.exp(-upper)];
  const drawn = -Math.log(most - random * (most - least));
  return delay * Math.min(upper, Math.max(lower, drawn));
}

/**
 * Where the distribution begins, in units of its mean. Cut to `lower...upper` the unit exponential has mean 1 exactly when
 * `lower * exp(-lower) = upper * exp(-upper)`; on 0 to 1 the left side rises, so halving the interval finds it.
 */
function lowerBound(upper: number): number {
  const target = upper * Math.exp(-upper);
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (middle * Math.exp(-middle) < target) low = middle;
    else high = middle;
  }
  return high;
}
