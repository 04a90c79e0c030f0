"""SageMaker hosting, strict: models, endpoint configurations, endpoints and their invocation."""
