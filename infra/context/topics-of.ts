import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { DeploymentConfig } from './schema.ts';

/** Where alarms are told. */
export function topicsOf(
  scope: Construct,
  { alarmEmail, alarmTopicArn, resourceName }: DeploymentConfig,
): sns.ITopic[] {
  const all: sns.ITopic[] = [];
  if (alarmTopicArn !== undefined) all.push(sns.Topic.fromTopicArn(scope, 'GivenAlarmTopic', alarmTopicArn));
  if (alarmEmail !== undefined) {
    const topic = new sns.Topic(scope, 'AlarmTopic', { topicName: `${resourceName}-alarms`, enforceSSL: true });
    topic.addSubscription(new EmailSubscription(alarmEmail));
    // A topic with a policy of its own has lost the default one, which let the account's alarms publish.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    all.push(topic);
  }
  return all;
}
