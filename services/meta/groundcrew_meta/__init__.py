"""The meta service: deep analyses and answers on demand."""
