"""One function a command: it joins the core to the ports, and reads as the story.

A verb knows neither the terminal nor AWS; what it asks of the world comes as a `World`, composed by the command line.
"""
