"""Exit code 0 if the server on this machine is well, else 1 and why. Needs nothing but Python; Docker asks it."""

import os
import sys
import urllib.request

PORT = os.environ.get("STREAMLIT_SERVER_PORT", "8501")
BASE = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
ADDRESS = f"http://127.0.0.1:{PORT}/{BASE}{BASE and '/'}health"

past_all_proxies = urllib.request.build_opener(urllib.request.ProxyHandler({}))
try:
    past_all_proxies.open(ADDRESS, timeout=8).close()
except OSError as error:
    sys.exit(f"{ADDRESS}: {error}")
