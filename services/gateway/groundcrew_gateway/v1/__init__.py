"""The OpenAI protocol under /v1: chat clients and SDKs talk to meta as to a model named `groundcrew`.

It is left out of `docs/openapi.json`: its shapes are OpenAI's, and errors look different from all else here.
"""
