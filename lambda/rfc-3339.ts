/** Epoch seconds as a person reads them: `2026-11-14T08:30:00Z`. */
export const toRfc3339 = (second: number): string => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
