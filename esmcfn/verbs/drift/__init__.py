"""What somebody changed behind CloudFormation's back."""
