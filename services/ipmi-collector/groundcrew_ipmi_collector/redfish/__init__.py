"""Reads BMCs over Redfish (DMTF DSP0266)."""
