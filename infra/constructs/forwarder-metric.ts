import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRICS_NAMESPACE, type MetricName } from '../../lambda/metric-names.ts';

/** A metric of one source, as the function emits it. */
export function forwarderMetric(
  sourceName: string,
  metricName: MetricName,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { Source: sourceName },
    ...options,
  });
}
