import { z } from 'zod';
import { tags } from './tags.ts';
import * as value from './values.ts';

/** Keys of what things are called. */
export const nameKeys = {
  resourceName: value.resourceName.default('kong-cloudtrail-integration'),
  sourceName: z.string().default('kong'),
  tags: tags.prefault('project=kong-cloudtrail-integration'),
};
