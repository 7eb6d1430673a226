"""What is remembered. One folder per owner, each with `port` (the contract), `postgres`, `memory` and `migrations`."""
