"""The context service's store: observations, trigger events, incidents and their evidence."""
