"""The parts of test messages: a job and a route for each channel."""

from buildos_box.feature import Feature
from buildos_box.send_test.job import (
    SEND_TEST_CHAT,
    SEND_TEST_MAIL,
    SEND_TEST_PUSH,
    SEND_TEST_SMS,
)
from buildos_box.send_test.routes import ROUTES

FEATURE = Feature(
    job_types=(SEND_TEST_MAIL, SEND_TEST_SMS, SEND_TEST_PUSH, SEND_TEST_CHAT), routes=ROUTES
)
