"""esmcfn: protein language models on SageMaker endpoints, by pull request, through CloudFormation."""

__version__ = "0.1.0"
