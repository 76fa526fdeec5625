import { Duration } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { CLOUDWATCH_LOGS } from './aws-service.ts';
import { accessTo, bareArn, standInLogGroupArn } from './log-group-access.ts';
import type { Source, SourceBinding } from './source.ts';

/** What the lines of a log group are: the audit log of a Kubernetes API server, or NGINX access lines. */
export type LogGroupFormat = 'kubernetes-audit' | 'nginx';

export interface LogGroupSourceProps {
  /** The group that is read, such as `/aws/eks/<cluster>/cluster`. It may be in another Region, or in an account that shares it. */
  readonly logGroup: logs.ILogGroup;

  /** What its lines are. */
  readonly format: LogGroupFormat;

  /**
   * Only streams whose name begins so; `*` for all.
   *
   * @default - `kube-apiserver-audit` for Kubernetes, every stream for NGINX
   */
  readonly streamPrefix?: string;

  /**
   * The resources whose changes are forwarded, such as `ingresses.networking.k8s.io`; `*` for all. Kubernetes only.
   *
   * @default - Ingress, Gateway API and Kong's own objects
   */
  readonly resources?: readonly string[];

  /**
   * The verbs that are forwarded, `*` for all. Kubernetes only.
   *
   * @default - those that change something
   */
  readonly verbs?: readonly string[];
}

const TITLES = {
  'kubernetes-audit': "a Kubernetes cluster's audit log",
  nginx: "NGINX' access lines",
} as const satisfies Record<LogGroupFormat, string>;

/** Lines of a CloudWatch log group. Nothing else is reached for it, and no secret is read. */
export class LogGroupSource implements Source {
  readonly #props: LogGroupSourceProps;

  constructor(props: LogGroupSourceProps) {
    this.#props = props;
  }

  bind(): SourceBinding {
    const { logGroup, format, streamPrefix, resources, verbs } = this.#props;
    return {
      title: TITLES[format],
      variables: {
        sourceLogGroupArn: bareArn(logGroup),
        sourceFormat: format,
        sourceStreamPrefix: streamPrefix,
        auditResources: resources?.join(','),
        auditVerbs: verbs?.join(','),
      },
      standIns: { sourceLogGroupArn: standInLogGroupArn('read') },
      ...accessTo(logGroup, ['logs:FilterLogEvents']),
      services: [CLOUDWATCH_LOGS],
      // The function's default of `AUDIT_TTL_SECONDS` for this source.
      retention: Duration.days(7),
      authenticated: false,
    };
  }
}
