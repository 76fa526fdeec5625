/**
 * A token bucket, AWS's way of counting calls: a burst of one second's worth, refilled steadily.
 *
 * `now` is in epoch seconds. `perSecond` is asked at each call, so that the rate may change; `Infinity` is no limit, and
 * with a rate below one a call is let through now and then. Returns whether this call may go ahead.
 */
export function callBudget(now: () => number, perSecond: () => number): () => boolean {
  let tokens = Infinity;
  let filledAt = now();
  return () => {
    const at = now();
    const rate = perSecond();
    const burst = rate === 0 ? 0 : Math.max(1, rate);
    // Without a limit the bucket is full at once: adding nothing to an empty one would refuse every call from then on.
    tokens = rate === Infinity ? Infinity : Math.min(burst, tokens + (at - filledAt) * rate);
    filledAt = at;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
}
