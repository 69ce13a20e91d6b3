"""Named time-outs and retries, each with its reason. Nobody writes a bare number into a step."""

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

AT_ONCE: Final = timedelta(milliseconds=200)
"""A local send holds back the answer to a click, so it gets this long and no more."""

SEND: Final = timedelta(seconds=10)
"""One ordinary attempt to publish."""

DESK_WORK: Final = timedelta(seconds=20)
"""One attempt of a step that reads files, typesets or signs: under a second as a rule, but a worker that was killed in
the middle is missed only after this long, and a clerk waits."""

PARTNER_WORK: Final = timedelta(seconds=15)
"""One attempt of a step that waits for an institution outside; its client gives up sooner."""

FILING: Final = timedelta(minutes=1)
"""How long a started workflow waits for its filing; a refused filing leaves none behind."""

ELECTRONIC_RETURN: Final = timedelta(hours=24)
"""A result that lay in the personal store this long counts as returned (policy)."""

NO_RETRY: Final = RetryPolicy(maximum_attempts=1)
"""The fallback is another step, not a second try."""

UNTIL_DONE: Final = RetryPolicy(
    initial_interval=timedelta(milliseconds=500), backoff_coefficient=2.0, maximum_interval=timedelta(seconds=30)
)
"""Money, post, signatures and facts are retried until they answer; operators see the attempts."""

LONG_LIFE: Final = 1_500
"""Changes in one run after which it continues as new: the server allows 2,000 Updates a run."""
