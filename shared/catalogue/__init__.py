"""The province as data: agencies, procedures, fees, calendars, indicators; every row with its dates of effect. Pure."""
