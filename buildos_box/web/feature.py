"""What the users' page brings: its sessions and sign-in links."""

from buildos_box.feature import Feature
from buildos_box.web import routes
from buildos_box.web.sign_in_mail import SEND_SIGN_IN_LINK

FEATURE = Feature(
    job_types=(SEND_SIGN_IN_LINK,),
    routes=routes.ROUTES,
)
