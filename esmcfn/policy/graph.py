"""What is said about our own checkov checks: policy/checks/*.yaml, which checkov runs alone as well.

The checks are checkov's to read. Why each is there, what to do, and examples stand here, as data, so that
explaining a rule asks nobody; a test holds both to the same id, name, severity and source.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from esmcfn.domain.finding import Level, Severity
from esmcfn.policy.house.rule import Described

CHECKS = Path(__file__).parent / "checks"
"""The folder of the checks."""

_TEMPLATES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference"


def _model(properties: str) -> str:
    return f"""\
Model:
  Type: AWS::SageMaker::Model
  Properties:
    ExecutionRoleArn: arn:aws:iam::123456789012:role/esm-sagemaker-exec-dev
    EnableNetworkIsolation: true
{properties}    PrimaryContainer:
      ModelPackageName: arn:aws:sagemaker:us-east-2:057799348421:model-package/esmc-300m-0123456789abcdef
"""


def _config(properties: str, instance_type: str = "ml.g5.2xlarge", variant: str = "") -> str:
    return f"""\
EndpointConfig:
  Type: AWS::SageMaker::EndpointConfig
  Properties:
{properties}    ProductionVariants:
      - VariantName: variant-1
        ModelName: Model-ESMC-300M-1-4420ab65
        InstanceType: {instance_type}
        InitialInstanceCount: 1
        InitialVariantWeight: 1
{variant}"""


def _endpoint(properties: str) -> str:
    return f"""\
Endpoint:
  Type: AWS::SageMaker::Endpoint
  Properties:
    EndpointConfigName: EndpointConfig-Endpoint-ESMC-300M-1-21c1be38
{properties}"""


def _capture(key: str) -> str:
    return f"""\
    DataCaptureConfig:
      DestinationS3Uri: s3://captured/esm
      InitialSamplingPercentage: 10
      CaptureOptions: [{{CaptureMode: Input}}]
{key}"""


def _later(key: str) -> str:
    return f"""\
    AsyncInferenceConfig:
      OutputConfig:
        S3OutputPath: s3://answers/esm
{key}"""


def _secret(name: str) -> str:
    return f"""\
Secret:
  Type: AWS::SecretsManager::Secret
  Properties:
{name}    GenerateSecretString: {{}}
"""


def _user(password: str) -> str:
    return f"""\
User:
  Type: AWS::IAM::User
  Properties:
    Path: /esm/
{password}"""


def _budget(name: str) -> str:
    return f"""\
Budget:
  Type: AWS::Budgets::Budget
  Properties:
    Budget:
{name}      BudgetType: COST
      TimeUnit: MONTHLY
      BudgetLimit: {{Amount: 2000, Unit: USD}}
"""


def _alarm(actions: str) -> str:
    return f"""\
Alarm:
  Type: AWS::CloudWatch::Alarm
  Properties:
    Namespace: AWS/SageMaker
    MetricName: Invocation5XXErrors
    Statistic: Sum
    Period: 300
    EvaluationPeriods: 1
    Threshold: 1
    ComparisonOperator: GreaterThanOrEqualToThreshold
{actions}"""


def _scaled(least: int) -> str:
    return f"""\
ScalableTarget:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties:
    ServiceNamespace: sagemaker
    ScalableDimension: sagemaker:variant:DesiredInstanceCount
    ResourceId: endpoint/endpoint-esmc-300m-1-0a1b2c3d/variant/variant-1
    MinCapacity: {least}
    MaxCapacity: 4
"""


_RENAME = "let the name end in a hash of what it names, or leave it out"
_KEY = "KmsKeyId: arn:aws:kms:us-east-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000\n"

GRAPH_RULES = (
    Described(
        id="CKV2_ESM_1",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="A Model's name ends in a hash of its content, or is left to CloudFormation",
        why="Nothing of a Model changes but its tags. Under a fixed name the new one meets the old one and fails.",
        advice=_RENAME,
        source=f"{_TEMPLATES}/aws-resource-sagemaker-model.html",
        good=_model("    ModelName: Model-ESMC-300M-1-4420ab65\n"),
        bad=_model("    ModelName: Model-ESMC-300M-1\n"),
    ),
    Described(
        id="CKV2_ESM_2",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="An EndpointConfig's name ends in a hash of its content, or is left to CloudFormation",
        why=(
            "Nothing of an EndpointConfig changes but its tags. Replaced under the same name, it never reaches the "
            "endpoint, which goes on with what it has."
        ),
        advice=_RENAME,
        source=f"{_TEMPLATES}/aws-resource-sagemaker-endpointconfig.html",
        good=_config("    EndpointConfigName: EndpointConfig-Endpoint-ESMC-300M-1-21c1be38\n"),
        bad=_config("    EndpointConfigName: EndpointConfig-Endpoint-ESMC-300M-1\n"),
    ),
    Described(
        id="CKV2_ESM_3",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A model package stands alone in its container, without variables, image or model data",
        why="SageMaker refuses variables with a Marketplace package, and an image or model data with any.",
        advice="leave them out, or run a container of your own",
        source="https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html",
        good=_model(""),
        bad=_model("") + "      Environment: {MAX_TOKENS: 2048}\n",
    ),
    Described(
        id="CKV2_ESM_4",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="A variant on instances with disks of their own asks for no volume",
        why="Such instances bring their storage along, and SageMaker refuses a size for it.",
        advice="leave VolumeSizeInGB out",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/host-instance-storage.html",
        good=_config(""),
        bad=_config("", variant="        VolumeSizeInGB: 100\n"),
    ),
    Described(
        id="CKV2_ESM_5",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="A secret is named by CloudFormation",
        why="A deleted secret keeps its name for days, and until then no stack can make one of that name again.",
        advice="leave Name out",
        source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html",
        good=_secret(""),
        bad=_secret("    Name: esm-shared\n"),
    ),
    Described(
        id="CKV2_ESM_6",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="Captured requests and answers are encrypted with a key of one's own",
        why="What is captured are your sequences. A key of one's own says who may read them, and can be taken away.",
        advice="add KmsKeyId to DataCaptureConfig, or capture nothing",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html",
        good=_config(_capture(f"      {_KEY}")),
        bad=_config(_capture("")),
    ),
    Described(
        id="CKV2_ESM_7",
        severity=Severity.INFO,
        level=Level.ADVISORY,
        summary="A variant runs on no burstable instances",
        why="They slow down when their credits are used up, and cannot be scaled automatically.",
        advice="choose an instance type of another family",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html",
        good=_config(""),
        bad=_config("", instance_type="ml.t2.medium"),
    ),
    Described(
        id="CKV2_ESM_8",
        severity=Severity.ERROR,
        level=Level.HARD,
        summary="A user that programs share has no password for the console",
        why="A password that several people know belongs to nobody, and what is done with it was done by nobody.",
        advice="leave LoginProfile out; people sign in as themselves",
        source="https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
        good=_user(""),
        bad=_user("    LoginProfile: {PasswordResetRequired: true, Password: !Ref AWS::StackId}\n"),
    ),
    Described(
        id="CKV2_ESM_9",
        severity=Severity.WARNING,
        level=Level.ADVISORY,
        summary="What SageMaker hosts is tagged with the environment that it belongs to",
        why=(
            "CloudFormation puts no tags of its own on endpoints and their configurations: without ours nobody knows "
            "whose they are, nor what they cost."
        ),
        advice="tag it with esmcfn:environment",
        source="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
        good=_endpoint("    EndpointName: endpoint-1\n    Tags: [{Key: 'esmcfn:environment', Value: dev}]\n"),
        bad=_endpoint("    EndpointName: endpoint-1\n    Tags: [{Key: Project, Value: esm-partner}]\n"),
    ),
    Described(
        id="CKV2_ESM_10",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="A budget is named by CloudFormation",
        why="A change of who is told replaces the budget, and under a fixed name the new one meets the old one.",
        advice="leave BudgetName out",
        source=f"{_TEMPLATES}/aws-resource-budgets-budget.html",
        good=_budget(""),
        bad=_budget("      BudgetName: esm\n"),
    ),
    Described(
        id="CKV2_ESM_11",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="An Endpoint has a name of its own",
        why="The name is what callers know. One that CloudFormation makes is another one after every replacement.",
        advice="name the endpoint",
        source=f"{_TEMPLATES}/aws-resource-sagemaker-endpoint.html",
        good=_endpoint("    EndpointName: endpoint-esmc-300m-1-b8fd8d87\n"),
        bad=_endpoint(""),
    ),
    Described(
        id="CKV2_ESM_12",
        severity=Severity.ERROR,
        level=Level.SOFT,
        summary="Asynchronous answers are encrypted with a key of one's own",
        why="Answers lie in a bucket until somebody fetches them. A key of one's own says who that may be.",
        advice="add KmsKeyId to the OutputConfig",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-create-endpoint.html",
        good=_config(_later(f"        {_KEY}")),
        bad=_config(_later("")),
    ),
    Described(
        id="CKV2_ESM_13",
        severity=Severity.INFO,
        level=Level.ADVISORY,
        summary="Volumes of an EndpointConfig are encrypted with a key of one's own, where they can be",
        why=(
            "A key of one's own says who may read a volume, and can be taken away. Disks that an instance brings along "
            "are encrypted by their hardware, and by no key."
        ),
        advice="write kms_key_arn, which is KmsKeyId in a template",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html",
        about="KmsKeyId",
        good=_config(f"    {_KEY}", instance_type="ml.c6i.4xlarge"),
        bad=_config("", instance_type="ml.c6i.4xlarge"),
    ),
    Described(
        id="CKV2_ESM_14",
        severity=Severity.INFO,
        level=Level.ADVISORY,
        summary="An alarm tells somebody",
        why="An alarm without an action changes its colour in a console that nobody looks at.",
        advice="write alarm_topic or alarm_topic_arn, which is AlarmActions in a template",
        source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html",
        good=_alarm("    AlarmActions: [arn:aws:sns:us-east-2:123456789012:oncall]\n"),
        bad=_alarm(""),
    ),
    Described(
        id="CKV2_ESM_15",
        severity=Severity.WARNING,
        level=Level.SOFT,
        summary="Autoscaling keeps one instance or more",
        why="A real-time endpoint does not scale to 0; its target is refused when everything else was made.",
        advice="write a MinCapacity of 1 or more, and park what shall cost nothing",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html",
        good=_scaled(1),
        bad=_scaled(0),
    ),
)
"""Our own checks, in order."""

BY_ID: Mapping[str, Described] = {rule.id: rule for rule in GRAPH_RULES}
