"""Tables of the schema `metrics` and their statements. Nothing here commits.

facts            newest facts per dossier, compact; `missing`: seqs not seen (pairs, first and last); its days
kpi_cell         counts of now, one column a measure; NULL = 0. Summed over shards on read
kpi_day          moves of the counts by the day they happened and the day we knew; all procedures in the row with ''
consumer_offset  where the next transaction goes on; `folded_at`: all that the log held then is counted
complaint        newest facts per complaint (store/complaints.py); counted on read
quarantine       records that could not be understood; also on the dead-letter topic
counted_by       what the cells were counted by: version of the fold and of the measures

A measure is a column because the database adds columns natively: 20,000 rows of 40 counts are summed in some 30 ms,
arrays added by a function take ten times that. A shard is one writer: consumers never wait for one another's cells, and
a batch writes each cell once, not once per partition.

Sets travel as arrays through `unnest`, ten times faster than VALUES lists. Rows are written in sorted order.
"""

from services.metrics.store.reading import Past, Question, Reading, breaks, cells_of, days_of, rows, standing
from services.metrics.store.rebuilding import begin_next, copy_cells, copy_facts, index_next, swap
from services.metrics.store.tables import SCHEMA, counted_by, fit, forget
from services.metrics.store.writing import Behind, Progress, known, note_fresh, offsets, put_aside, reserve, write

__all__ = [
    "SCHEMA", "Behind", "Past", "Progress", "Question", "Reading", "begin_next", "breaks", "cells_of",
    "copy_cells", "copy_facts", "counted_by", "days_of", "fit", "forget", "index_next", "known", "note_fresh",
    "offsets", "put_aside", "reserve", "rows", "standing", "swap", "write",
]  # fmt: skip
