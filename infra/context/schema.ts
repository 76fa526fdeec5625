import { z } from 'zod';
import { ledgerKeys } from './ledger.ts';
import { nameKeys } from './names.ts';
import { networkKeys } from './network.ts';
import { operatingKeys } from './operating.ts';
import { sinkKeys } from './sink.ts';
import { sourceKeys } from './source.ts';
import { tuningKeys } from './tuning.ts';

/** Every context key, with what it takes; each group stands in the file of its name. */
export const contextSchema = z.object({
  ...sourceKeys,
  ...sinkKeys,
  ...networkKeys,
  ...ledgerKeys,
  ...operatingKeys,
  ...nameKeys,
  ...tuningKeys,
});

/** The deployment that the context asks for, defaults filled in and every value checked. */
export type DeploymentConfig = z.infer<typeof contextSchema>;

/** Every context key of this app. */
export const CONTEXT_KEYS: readonly string[] = Object.keys(contextSchema.shape);
