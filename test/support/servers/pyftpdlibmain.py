"""pyftpdlib's server with one user; its argument is what pyftpdlib.ts gives it, as JSON."""

import json
import logging
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

setup = json.loads(sys.argv[1])
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(asctime)s %(message)s")


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    auth_failed_timeout = 0
    timeout = setup.get("idleSeconds", 300)
    masquerade_address = setup.get("pasvAddress")
    proto_cmds = dict(FTPHandler.proto_cmds)


permissions = "elr" if setup.get("readOnly") else "elradfmwMT"
Handler.authorizer.add_user(setup["user"], setup["password"], setup["folder"], perm=permissions)
if setup.get("withoutEpsv"):
    del Handler.proto_cmds["EPSV"]
# With a timeout the loop also ends idle sessions while nothing else happens.
FTPServer(("127.0.0.1", setup["port"]), Handler).serve_forever(timeout=0.5)
