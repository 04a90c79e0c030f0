"""Facts that do not change while a program runs, as pure data: no files, no clock, no network.

clocks          what the clocks of time zones do in a year
create_only     which property changes make CloudFormation replace a resource
instance_types  what SageMaker can host on, and in which region it is offered
cron, moments   what AWS takes as a cron expression, and when that comes true
marketplace     whose account a Marketplace model package lives in
partitions      a region's partition and domain
prices          the price book
tables          the text form in which the longer ones are kept

`tools/generate_reference.py` writes the blocks between the "generated" marks from the installed cfn-lint and
botocore; everything else is written by hand, with its source beside it.
"""
