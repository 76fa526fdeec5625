import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { BUNDLE_DIRECTORY } from '../bundle.ts';

const FILE = 'extra-ca.pem';

/** Where the function finds them: `NODE_EXTRA_CA_CERTS` names a file, and Lambda puts a layer under /opt. */
export const EXTRA_CERTIFICATES_PATH = `/opt/${FILE}`;

/** A layer with certificates that Node.js trusts besides its own, whatever connection they are for. */
export function extraCertificates(scope: Construct, pem: string): lambda.LayerVersion {
  const digest = createHash('sha256').update(pem).digest('hex').slice(0, 16);
  const folder = join(dirname(BUNDLE_DIRECTORY), `certificates-${digest}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, FILE), `${pem}\n`, { mode: 0o644 });
  return new lambda.LayerVersion(scope, 'ExtraCertificates', {
    description: 'Certificates that the function trusts besides those of Node.js',
    code: lambda.Code.fromAsset(folder),
  });
}
