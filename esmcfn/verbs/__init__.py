"""One function a command: it joins the core to the ports, and reads as the story.

A verb knows neither the terminal nor AWS; what it asks of the world comes as a `World`, composed by the command line.

offline    what needs no AWS                              validate, build, check
plan       what deploying would change                    plan, changed, choose, check --base
deploy     what changes AWS                               deploy, park, resume, destroy, bootstrap
watch      what runs                                      status, wait, logs, outputs
drift      what somebody changed by hand                  drift
cost       what it costs                                  cost, prices refresh, audit
examining  is everything there?                           doctor
issuing    reports as GitHub issues                       issue
"""
