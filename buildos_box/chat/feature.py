"""What chat brings: addresses, and the codes that prove them."""

from buildos_box.chat.code_job import SEND_CHAT_CODE
from buildos_box.chat.routes import ROUTES
from buildos_box.feature import Feature

FEATURE = Feature(job_types=(SEND_CHAT_CODE,), routes=ROUTES)
