"""deploy/ against "autostock-worker provision", both on moto.

  check.py WORKER DEPLOY

1. The template's resources: provision finds nothing to change.
2. The resources that provision makes have the same attributes, policies and
   subscription, and the policy that it prints is that of the worker's role and
   the doctor's.
3. Terraform's files have the same resources with the same values.  No program
   of Terraform is needed: they are parsed, and not planned.
4. The alarm of dead letters counts those that a reader holds.
"""

import json
import os
import re
import subprocess
import sys
import time

import boto3
import hcl2
from cfnlint.decode import cfn_yaml
from moto.server import ThreadedMotoServer

REGION = 'eu-west-1'
KEYS = {'aws_access_key_id': 'test', 'aws_secret_access_key': 'test'}
MADE = {'topic': 'made_topic', 'queue': 'made_queue', 'dlq': 'made_dlq'}
NAMES = {'topic': 'stock_empty', 'queue': 'stock_queue', 'dlq': 'stock_dlq'}
# attributes whose values differ for each queue or at each call
OWN = re.compile('Approximate|Timestamp|QueueArn')

failures = []


def same(what, found, expected):
    if found == expected:
        print(f'ok - {what}')
        return
    failures.append(what)
    print(f'not ok - {what}\n#   found    {json.dumps(found, sort_keys=True)}'
          f'\n#   expected {json.dumps(expected, sort_keys=True)}')


class Cloud:
    """A moto server and the resources in it."""

    def __init__(self, port):
        self.url = f'http://127.0.0.1:{port}'

    def client(self, name):
        return boto3.client(name, endpoint_url=self.url, region_name=REGION,
                            **KEYS)

    def provision(self, worker, names, *more):
        """Exit code and report of autostock-worker provision."""
        env = {'AWS_ENDPOINT_URL': self.url, 'AWS_REGION': REGION,
               'AWS_ACCESS_KEY_ID': 'test', 'AWS_SECRET_ACCESS_KEY': 'test',
               'PATH': os.environ['PATH']}
        options = [word for kind, name in names.items()
                   for word in (f'--{kind}', name)]
        done = subprocess.run([worker, 'provision', '--output', 'json',
                               *options, *more], env=env, check=False,
                              capture_output=True, text=True, timeout=60)
        if not done.stdout.startswith('{'):
            sys.exit(f'provision: {done.stdout}{done.stderr}')
        return done.returncode, json.loads(done.stdout)

    def deploy(self, path):
        """The template's stack: outputs by their names."""
        client = self.client('cloudformation')
        with open(path, encoding='utf-8') as file:
            client.create_stack(StackName='autostock', TemplateBody=file.read(),
                                Capabilities=['CAPABILITY_IAM'])
        for _ in range(60):
            stack = client.describe_stacks(StackName='autostock')['Stacks'][0]
            if stack['StackStatus'] == 'CREATE_COMPLETE':
                outputs = {output['OutputKey']: output['OutputValue']
                           for output in stack['Outputs']}
                self.connect(cfn_yaml.load(path)['Resources'], outputs)
                return outputs
            time.sleep(0.5)
        return sys.exit(f'the stack is {stack["StackStatus"]}')

    def connect(self, resources, outputs):
        """The queue's policy and the subscription, as the template has them:
        moto's CloudFormation makes none."""
        sqs, sns = self.client('sqs'), self.client('sns')
        url = outputs['QueueUrl']
        arn = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']

        def resolved(node):
            if node == {'Ref': 'Topic'}:
                return outputs['TopicArn']
            if node in ({'Fn::GetAtt': ['Queue', 'Arn']},
                        {'Fn::GetAtt': 'Queue.Arn'}):
                return arn
            if isinstance(node, dict):
                return {key: resolved(value) for key, value in node.items()}
            if isinstance(node, list):
                return [resolved(value) for value in node]
            return node

        policy = resources['QueuePolicy']['Properties']
        sqs.set_queue_attributes(QueueUrl=url, Attributes={
            'Policy': json.dumps(resolved(policy['PolicyDocument']))})
        entry = resolved(resources['Subscription']['Properties'])
        sns.subscribe(TopicArn=entry['TopicArn'], Protocol=entry['Protocol'],
                      Endpoint=entry['Endpoint'])

    def look(self, names):
        """Queues and subscriptions, with NAMES for their names."""
        sqs, sns = self.client('sqs'), self.client('sns')
        found = {}
        for kind in ('queue', 'dlq'):
            url = sqs.get_queue_url(QueueName=names[kind])['QueueUrl']
            found[kind] = sqs.get_queue_attributes(
                QueueUrl=url, AttributeNames=['All'])['Attributes']
        topic = next(t['TopicArn'] for t in sns.list_topics()['Topics']
                     if t['TopicArn'].endswith(':' + names['topic']))
        found['topic'] = {
            key: value for key, value in
            sns.get_topic_attributes(TopicArn=topic)['Attributes'].items()
            if key in ('KmsMasterKeyId', 'SubscriptionsConfirmed')}
        found['subscriptions'] = [
            {key: entry[key] for key in ('Protocol', 'Endpoint', 'TopicArn')}
            for entry in sns.list_subscriptions_by_topic(TopicArn=topic)
            ['Subscriptions']]
        return renamed(found, names)


def renamed(found, names):
    """The resources with the same name for each kind, parsed policies, and
    without the attributes of OWN."""
    text = json.dumps(found)
    for kind, name in names.items():
        text = text.replace(name, kind.upper())
    found = json.loads(text)
    for kind in ('queue', 'dlq'):
        found[kind] = {
            key: json.loads(value) if key in ('Policy', 'RedrivePolicy')
            else value for key, value in found[kind].items()
            if not OWN.search(key)}
    redrive = found['queue'].get('RedrivePolicy', {})
    redrive['maxReceiveCount'] = int(redrive.get('maxReceiveCount', 0))
    return found


def policy_of(cloud, arn):
    """Statements of a managed policy, by Sid."""
    iam = cloud.client('iam')
    version = iam.get_policy(PolicyArn=arn)['Policy']['DefaultVersionId']
    document = iam.get_policy_version(
        PolicyArn=arn, VersionId=version)['PolicyVersion']['Document']
    return by_sid(document)


def by_sid(document):
    return {s['Sid']: {'Action': sorted(listed(s['Action'])),
                       'Resource': sorted(listed(s['Resource']))}
            for s in document['Statement'] if 'Sid' in s}


def listed(value):
    return value if isinstance(value, list) else [value]


def plain(node):
    """The output of python-hcl2 without its quotes and marks."""
    if isinstance(node, dict):
        return {key.strip('"'): plain(value) for key, value in node.items()
                if not key.startswith('__')}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return node.strip('"') if isinstance(node, str) else node


def terraform(folder):
    """(resources, documents), each by "type.name"."""
    with open(os.path.join(folder, 'main.tf'), encoding='utf-8') as file:
        tree = plain(hcl2.load(file))
    by_name = []
    for block in ('resource', 'data'):
        by_name.append({f'{kind}.{name}': body
                        for entry in tree[block]
                        for kind, named in entry.items()
                        for name, body in named.items()})
    return by_name


def actions(document):
    return {s.get('sid', ''): sorted(s['actions'])
            for s in document['statement']}


def check_terraform(folder, cloud, outputs, template):
    resources, data = terraform(folder)
    same('Terraform has as many resources of each kind as the template',
         kinds(resources), expected_kinds(template))
    queue = resources['aws_sqs_queue.queue']
    dlq = resources['aws_sqs_queue.dlq']
    found = cloud.look(NAMES)
    same("Terraform's queue", [queue['visibility_timeout_seconds'],
                               queue['message_retention_seconds'],
                               queue['receive_wait_time_seconds']],
         [int(found['queue'][key]) for key in (
             'VisibilityTimeout', 'MessageRetentionPeriod',
             'ReceiveMessageWaitTimeSeconds')])
    same("Terraform's dead-letter queue", dlq['message_retention_seconds'],
         int(found['dlq']['MessageRetentionPeriod']))
    for name, output in (('worker', 'WorkerPolicyArn'),
                         ('doctor', 'DoctorPolicyArn')):
        same(f"Terraform's policy of the {name}",
             actions(data[f'aws_iam_policy_document.{name}']),
             {sid: s['Action']
              for sid, s in policy_of(cloud, outputs[output]).items()})
    statement = found['queue']['Policy']['Statement'][0]
    ours = data['aws_iam_policy_document.queue']['statement'][0]
    condition = ours['condition'][0]
    same("Terraform's policy of the queue",
         [ours['sid'], ours['actions'], condition['test'],
          condition['variable'], ours['principals'][0]['identifiers']],
         [statement['Sid'], listed(statement['Action']), 'ArnEquals',
          'aws:SourceArn', listed(statement['Principal']['Service'])])
    same("Terraform's alarms", alarms_of(resources), alarms_in(template))


def kinds(resources):
    return sorted(name.split('.')[0] for name in resources)


def expected_kinds(template):
    """Terraform's names for the resources of the template."""
    names = {'AWS::KMS::Key': ['aws_kms_key'],
             'AWS::SNS::Topic': ['aws_sns_topic'],
             'AWS::SQS::Queue': ['aws_sqs_queue'],
             'AWS::SQS::QueuePolicy': ['aws_sqs_queue_policy'],
             'AWS::SNS::Subscription': ['aws_sns_topic_subscription'],
             'AWS::IAM::ManagedPolicy': ['aws_iam_policy'],
             'AWS::IAM::Policy': ['aws_iam_role_policy'],
             'AWS::IAM::Role': ['aws_iam_role',
                                'aws_iam_role_policy_attachment'],
             'AWS::IAM::InstanceProfile': ['aws_iam_instance_profile'],
             'AWS::CloudWatch::Alarm': ['aws_cloudwatch_metric_alarm']}
    return sorted(name for resource in template.values()
                  for name in names[resource['Type']])


def alarms_of(resources):
    """Terraform's alarms; each with its metrics."""
    alarms = []
    for name, body in resources.items():
        if not name.startswith('aws_cloudwatch_metric_alarm.'):
            continue
        queries = body.get('metric_query') or [{'metric': [
            {**body, 'stat': body.get('statistic')}]}]
        alarms.append([body['alarm_description'], body['threshold'],
                       body['comparison_operator'], sorted(
                           query_of(query) for query in queries)])
    return sorted(alarms)


def query_of(query):
    if 'expression' in query:
        return [query['id'], query['expression'], str(query['return_data'])]
    metric = query['metric'][0]
    return [query.get('id', ''), metric['namespace'], metric['metric_name'],
            metric['stat'], str(metric['period'])]


def alarms_in(template):
    """The template's alarms; each with its metrics."""
    alarms = []
    for resource in template.values():
        if resource['Type'] != 'AWS::CloudWatch::Alarm':
            continue
        body = resource['Properties']
        queries = body.get('Metrics') or [{'MetricStat': {
            'Metric': body, 'Stat': body.get('Statistic'),
            'Period': body.get('Period')}}]
        alarms.append([body['AlarmDescription'], body['Threshold'],
                       body['ComparisonOperator'], sorted(
                           query_in(query) for query in queries)])
    return sorted(alarms)


def query_in(query):
    if 'Expression' in query:
        return [query['Id'], query['Expression'],
                str(query.get('ReturnData', True))]
    stat = query['MetricStat']
    return [query.get('Id', ''), stat['Metric']['Namespace'],
            stat['Metric']['MetricName'], stat['Stat'], str(stat['Period'])]


def check_dead_letters(template):
    """A dead letter that a reader holds is not visible, and counts."""
    queries = template['DeadLetters']['Properties'].get('Metrics', [])
    sums = [q['Expression'] for q in queries if q.get('ReturnData', True)]
    added = {q['MetricStat']['Metric']['MetricName'] for q in queries
             if 'MetricStat' in q and any(q['Id'] in s for s in sums)}
    same("the alarm of dead letters adds those in flight", sorted(added),
         ['ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesVisible'])


def check_worker(cloud, worker, outputs):
    code, report = cloud.provision(worker, NAMES, '--dry-run')
    same('provision finds nothing to change',
         [code, [step['detail'] for step in report['steps']
                 if step['action'] != 'found']], [0, []])
    for name, output in (('TOPIC_ARN', 'TopicArn'), ('QUEUE_URL', 'QueueUrl'),
                         ('DLQ_URL', 'DlqUrl')):
        same(f'the output {output} is {name}',
             outputs[output].split('/')[-1], report[name].split('/')[-1])
    printed = by_sid(report['iam_policy'])
    same("the worker's policy is the one that provision prints",
         policy_of(cloud, outputs['WorkerPolicyArn']),
         {sid: s for sid, s in printed.items() if 'Provision' not in sid})
    allowed = {a for s in printed.values() for a in s['Action']}
    doctor = {a for s in policy_of(cloud, outputs['DoctorPolicyArn']).values()
              for a in s['Action']}
    same("the doctor's policy has nothing else, and changes nothing",
         sorted(a for a in doctor if a not in allowed
                or not re.search(':(Get|List)', a)), [])
    code, _ = cloud.provision(worker, MADE)
    same('provision makes resources of its own', code, 0)
    same('they are those of the template', cloud.look(NAMES),
         cloud.look(MADE))


def main():
    worker, deploy = sys.argv[1:]
    template = os.path.join(deploy, 'cloudformation.yaml')
    server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
    server.start()
    try:
        cloud = Cloud(server.get_host_and_port()[1])
        outputs = cloud.deploy(template)
        resources = cfn_yaml.load(template)['Resources']
        check_worker(cloud, worker, outputs)
        check_terraform(os.path.join(deploy, 'terraform'), cloud, outputs,
                        resources)
        check_dead_letters(resources)
    finally:
        server.stop()
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()
