"""Application Auto Scaling for SageMaker variants, strict."""
