"""The table engine: the errors of frictionless 5.21, in its order, found by columns.

Screen, then explain: masks prove cells good, column by column; what no mask proves is read by frictionless's own
code, so that a message is never invented here. A mask may suspect a good cell, never pass a bad one.
"""
