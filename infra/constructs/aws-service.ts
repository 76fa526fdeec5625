import { InterfaceVpcEndpointAwsService, type IInterfaceVpcEndpointService } from 'aws-cdk-lib/aws-ec2';

/** An API of AWS that the function calls over HTTPS. */
export interface AwsService {
  /** As the description of a security group's rule names it. */
  readonly title: string;

  /**
   * Its interface endpoint.
   *
   * @default - it has none: the function needs a way out to the internet
   */
  readonly endpoint?: IInterfaceVpcEndpointService;
}

export const SECRETS_MANAGER: AwsService = {
  title: 'Secrets Manager',
  endpoint: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
};

export const CLOUDWATCH_LOGS: AwsService = {
  title: 'CloudWatch Logs',
  endpoint: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
};
