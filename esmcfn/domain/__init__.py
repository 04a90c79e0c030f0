"""The nouns: every frozen struct and enum of the pipeline, without behaviour beyond reading themselves.

project    what the YAML says                      Project, Environment, Catalog, Policy
stack      what shall exist, every default filled  Selection, BaseStack, ModelStack
template   a stack as CloudFormation text          Template
finding    one judgement by a rule                 Finding, Level, Severity, Engine
cost       money, dated and sourced                PriceBook, Cost
deployed   a stack as AWS lists it                 DeployedStack
plan       what deploying would change             ChangeSet, Plan, Change, Impact
report     what a verb returns                     Report, Verdict
"""
