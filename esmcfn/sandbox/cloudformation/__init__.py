"""CloudFormation, strict: change sets, execution with rollback, events, drift."""
