import { vi } from 'vitest';

/** Where the SDK would look beside the environment: files of this machine, and metadata services. */
const ALONE = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

/** Makes `env` all that an AWS client made from now on can find. `vi.unstubAllEnvs()` brings the old environment back. */
export function stubAwsEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries({ ...ALONE, ...env })) vi.stubEnv(name, value);
}
