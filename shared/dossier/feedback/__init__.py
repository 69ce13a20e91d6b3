"""Feedback and complaints (phản ánh, kiến nghị, PAKN): acts, table and state of a citizen's word about an agency.

Pure, codes only: what the citizen and the agency wrote is kept by intake under the order's command id.
"""
